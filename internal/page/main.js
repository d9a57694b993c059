// This file is the page at work: what a person does changes the fragment of the address, and that is what is shown.

let tables = new Map(), view = newView(""), total = {}, loading = new AbortController(), live = false, pageRows = pageSize;
const shownTable = () => tables.get(view.table), countKey = ({ table, filters }) => JSON.stringify([table, filters]);
/** go shows another view, or the same again. */
const go = (next) => (fragment(next) === location.hash ? show() : location.assign(fragment(next)));
async function start() {
  try {
    const description = JSON.parse(await ask(`${root}read/`));
    tables = readSchema(description);
    $("database").textContent = description.info.title;
    $("list").replaceChildren(...[...tables.keys()].map((name) => create("li", {}, create("a", { href: fragment(newView(name)) }, name))));
    $("find").hidden = tables.size < 10;
    show();
  } catch (error) {
    drawFault(error, start);
  }
}
function drawFault(error, retry) {
  document.title = error.message;
  if (error.status === 401) return askToken();
  drawNotice(error.message, [error.details && (error.details.trim?.() ?? JSON.stringify(error.details)), error.hint, error.code && `Code ${error.code}`],
    button("Try again", retry));
}
function askToken() {
  const field = create("input", { type: "password", autocomplete: "off", required: true, id: "token" });
  const onsubmit = (event) => { event.preventDefault(); sessionStorage.setItem(tokenName, field.value.trim()); start(); };
  document.body.dataset.state = "token";
  drawNotice(token() ? "The server does not know this token" : "This server wants a token", ["It is kept in this tab only, until you close it."],
    create("form", { onsubmit, className: "bar" }, create("label", { htmlFor: "token" }, "Token"), field, create("button", { className: "main" }, "Continue")));
  field.focus();
}
/** show shows what the address says. */
function show() {
  const first = tables.keys().next().value ?? "", old = view.table;
  if (location.hash.length < 2) history.replaceState(null, "", fragment(newView(first)));
  view = readFragment(location.hash);
  const table = shownTable();
  document.body.dataset.state = table ? "table" : "none";
  $("drawer").close();
  loading.abort();
  if (!first) return drawNotice("No tables", ["This server describes no table. DB_TABLES names those that may be read."]);
  if (!table) return drawNotice("No such table", [`${view.table} is not served here.`], create("a", { href: fragment(newView(first)) }, `To ${first}`));
  document.title = `${table.name} · ${$("database").textContent}`;
  $("title").textContent = $("caption").textContent = table.name;
  $("about").textContent = table.description;
  for (const { firstChild: a } of $("list").children) a.ariaCurrent = a.textContent === table.name ? "page" : null;
  if (table.name !== old) {
    setLive(false);
    $("list").querySelector("[aria-current=page]").scrollIntoView({ block: "nearest" });
    showTables(false);
    for (const id of ["head", "body", "notice"]) $(id).replaceChildren($(id).state = "");
  }
  $("rows").scrollTop = 0;
  drawFilters(table, view);
  $("request").textContent = `GET ${requestOf(view, table).slice(location.origin.length)}`;
  $("choose").textContent = view.select ? `Columns (${view.select.length} of ${table.columns.size})` : "Columns";
  load(false);
}
/** load asks for the rows, once or, while live, for as long as they are shown. */
async function load(wantCount) {
  const shown = view, address = requestOf(view, shownTable());
  loading.abort();
  const { signal } = loading = new AbortController();
  $("rows").ariaBusy = "true";
  $("status").textContent = "Loading…";
  try {
    if (live) await watch(address, signal, (text) => signal.aborted || drawRows(shown, parseRows(text)));
    const [text, next, counted] = await ask(address, readPage, { signal, headers: wantCount ? { Prefer: "count=exact" } : {} });
    const rows = parseRows(text);
    if (next) pageRows = rows.length; // pageSize, or MAX_ROWS
    if (wantCount) total = { of: countKey(shown), rows: counted };
    if (!signal.aborted) drawRows(shown, rows);
  } catch (error) {
    if (signal.aborted) return;
    const note = live && error.status === 406 ? "This server cannot watch this table." : "";
    setLive(false);
    $("note").textContent = note;
    if (note) return load(wantCount);
    $("rows").ariaBusy = "false";
    for (const id of ["head", "body"]) $(id).replaceChildren($(id).state = "");
    drawPager("", false, false);
    drawFault(error, show);
  }
}
function drawRows({ select, offset, filters, order }, rows) {
  const table = shownTable(), last = offset + rows.length, names = rows.length > 0 ? [...rows[0].keys()] : select ?? [...table.columns.keys()];
  $("rows").ariaBusy = "false";
  drawHead(table, { order }, names);
  drawBody(table, names, rows, offset, live);
  if (rows.length > 0 && rows.length < pageRows) total = { of: countKey(view), rows: last };
  const counted = total.of === countKey(view) ? total.rows : undefined;
  if (live) $("note").textContent = `Live, as of ${new Date().toLocaleTimeString()}`;
  drawPager(rows.length === 0 ? "No rows" : `${offset + 1}–${last}${counted ? ` of ${counted}` : ""}`,
    counted ? last < counted : rows.length === pageRows, !counted && rows.length > 0);
  if (rows.length > 0) drawNotice("");
  else if (offset > 0) drawNotice("No more rows", [], button("To the first page", () => go({ ...view, offset: 0 })));
  else if (filters.length > 0) drawNotice("No rows match", [], button("Remove all filters", () => go({ ...view, filters: [] })));
  else drawNotice("No rows", ["The table is empty."]);
}
function drawPager(text, hasMore, canCount) {
  $("status").textContent = text;
  $("previous").ariaDisabled = String(view.offset === 0); // disabled itself would lose the focus
  $("next").ariaDisabled = String(!hasMore);
  $("count").hidden = !canCount;
}
/** sortBy goes from ascending to descending to none; an added column sorts what the others leave equal. */
function sortBy(column, isAdded) {
  const term = view.order.find((t) => t.column === column);
  const next = !term ? [{ column, down: false }] : term.down ? [] : [{ column, down: true }];
  const order = !isAdded ? next : term ? view.order.flatMap((t) => (t === term ? next : [t])) : [...view.order, ...next];
  go({ ...view, order, offset: 0 });
}
function turnNulls(column) {
  const other = ({ nulls, down }) => ((nulls ?? (down ? "last" : "first")) === "first" ? "last" : "first");
  go({ ...view, order: view.order.map((t) => (t.column === column ? { ...t, nulls: other(t) } : t)), offset: 0 });
}
function setLive(on) {
  live = on;
  $("live").ariaPressed = String(on);
  $("note").textContent = on ? "Connecting…" : "";
}
const showTables = (on) => { $("menu").ariaExpanded = String($("tables").classList.toggle("open", on)); };
async function saveCSV() {
  $("note").textContent = "Fetching all rows…";
  $("note").textContent = await download(view, shownTable()).then(() => "Saved.", ({ message, hint }) => `${message} ${hint ?? ""}`);
}
function findTable() {
  const sought = $("find").value.trim().toLowerCase();
  for (const li of $("list").children) li.hidden = !li.textContent.toLowerCase().includes(sought);
}
const turn = (pages) => ({ target }) => target.ariaDisabled !== "true" && go({ ...view, offset: Math.max(0, view.offset + pages * pageRows) });
const onClick = {
  previous: turn(-1), next: turn(1), count: () => load(true), download: saveCSV, live: () => { setLive(!live); load(false); },
  choose: () => openColumns(shownTable(), view), copy: () => openCode(shownTable(), view), filter: () => addFilter(shownTable()),
  close: () => $("drawer").close(), drawer: ({ target }) => target.id === "drawer" && target.close(), // its backdrop
  skip: () => $("rows").focus(), menu: () => showTables($("menu").ariaExpanded !== "true"),
};
for (const [id, handler] of Object.entries(onClick)) $(id).addEventListener("click", handler);
$("filters").onsubmit = (event) => { event.preventDefault(); go({ ...view, filters: readFilters(shownTable()), offset: 0 }); };
$("find").addEventListener("input", findTable);
$("find").addEventListener("keydown", ({ key }) => key === "Enter" && $("list").querySelector("li:not([hidden]) a")?.click());
window.onhashchange = show;
start();

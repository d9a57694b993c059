// This file is the page at work: what a person does changes the fragment of the address, and every
// change of the fragment is a view that is shown. So a link is a view, and back goes back.

let tables = new Map(), view = newView(""), total = {}, loading = new AbortController(), live = false;

/** go shows another view, or the same again. */
function go(next) {
  if (fragment(next) === location.hash) show();
  else location.hash = fragment(next);
}

async function start() {
  drawNotice("");
  try {
    const response = await ask(`${root}read/`);
    const description = JSON.parse(await readText(response));
    tables = readSchema(description);
    $("database").textContent = description.info?.title ?? "Tables";
    drawTables();
    show();
  } catch (error) {
    if (error.status === 401) askToken();
    else drawFault(error instanceof Refusal ? error : { message: "The description of the tables cannot be read.", details: error.message }, start);
  }
}

function drawTables() {
  $("list").replaceChildren(...[...tables.keys()].map((name) => create("li", {}, create("a", { href: fragment(newView(name)) }, name))));
  $("find").hidden = tables.size < 10;
  $("forget").hidden = token() === "";
}

function findTable() {
  const sought = $("find").value.trim().toLowerCase();
  for (const li of $("list").children) li.hidden = !li.textContent.toLowerCase().includes(sought);
  const found = [...$("list").children].filter((li) => !li.hidden).length;
  $("found").textContent = sought && `${found} of ${tables.size} tables`;
}

function askToken() {
  const field = create("input", { type: "password", autocomplete: "off", required: true, id: "token" });
  const onsubmit = (event) => {
    event.preventDefault();
    sessionStorage.setItem(tokenName, field.value.trim());
    start();
  };
  const title = token() ? "The server does not know this token" : "This server wants a token";
  sessionStorage.removeItem(tokenName);
  document.body.dataset.state = "token";
  drawNotice(title, ["It is kept in this tab only, until you close it."],
    create("form", { onsubmit, className: "bar" }, create("label", { htmlFor: "token" }, "Token"), field, create("button", { className: "main" }, "Continue")));
  field.focus();
}

/** show shows what the address says. */
function show() {
  if (location.hash.length < 2 && tables.size > 0) history.replaceState(null, "", fragment(newView(tables.keys().next().value)));
  const isOther = decode(location.hash.slice(1).split("?")[0]) !== view.table;
  view = readFragment(location.hash);
  const table = tables.get(view.table);
  document.body.dataset.state = table ? "table" : "none";
  $("drawer").close();
  loading.abort();
  if (isOther) setLive(false);
  if (!table) {
    if (tables.size === 0) return drawNotice("No tables", ["This server serves no table that it can describe.", "DB_TABLES names those that may be read."]);
    return drawNotice("No such table", [`${view.table} is not served here.`], create("a", { href: fragment(newView(tables.keys().next().value)) }, "To the first table"));
  }
  document.title = `${table.name} · ${$("database").textContent}`;
  $("title").textContent = $("caption").textContent = table.name;
  $("about").textContent = table.description;
  for (const { firstChild: a } of $("list").children) a.ariaCurrent = a.textContent === table.name ? "page" : null;
  if (isOther) {
    $("list").querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest" });
    $("tables").classList.remove("open");
    $("menu").ariaExpanded = "false";
    $("rows").scrollLeft = 0;
    $("body").replaceChildren();
    $("head").replaceChildren($("head").state = "");
  }
  $("rows").scrollTop = 0;
  drawFilters(table, view);
  $("request").textContent = `GET ${requestOf(view, table).slice(location.origin.length)}`;
  $("choose").textContent = view.select ? `Columns (${view.select.length} of ${table.columns.size})` : "Columns";
  load(table, false);
}

/** load asks for the rows, once or, while live, for as long as they are shown. */
async function load(table, wantCount) {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading, shown = view, address = requestOf(shown, table);
  $("rows").ariaBusy = "true";
  $("status").textContent = "Loading…";
  try {
    if (live) await watch(address, signal, (text) => drawRows(table, shown, parseRows(text)));
    const response = await ask(address, { signal, headers: wantCount ? { Prefer: "count=exact" } : {} });
    const rows = parseRows(await readText(response, signal)), counted = response.headers.get("Content-Range")?.split("/")[1];
    if (wantCount && counted) total = { of: countKey(shown), rows: counted };
    if (!signal.aborted) drawRows(table, shown, rows);
  } catch (error) {
    if (signal.aborted) return;
    if (live && error.status === 406) {
      setLive(false);
      $("note").textContent = error.hint ?? "This server cannot watch this table.";
      return load(table, wantCount);
    }
    setLive(false);
    $("rows").ariaBusy = "false";
    $("body").replaceChildren();
    drawPager("", false);
    if (error.status === 401) return askToken();
    drawFault(error instanceof Refusal ? error : { message: "The answer cannot be read.", details: error.message }, show);
  }
}

const countKey = ({ table, filters }) => JSON.stringify([table, filters]);

function drawRows(table, { select, offset, filters, ...rest }, rows) {
  const names = rows.length > 0 ? [...rows[0].keys()] : (select ?? [...table.columns.keys()]), last = offset + rows.length;
  $("rows").ariaBusy = "false";
  drawHead(table, rest, names);
  drawBody(table, names, rows, offset, live);
  drawNotice("");
  if (rows.length > 0 && rows.length < pageSize) total = { of: countKey({ ...rest, filters }), rows: String(last) };
  const of = total.of === countKey({ ...rest, filters }) ? total.rows : "";
  if (live) $("note").textContent = `Live, as of ${new Date().toLocaleTimeString()}`;
  drawPager(rows.length > 0 ? `${offset + 1}–${last}${of && ` of ${of}`}` : "No rows", of ? last < Number(of) : rows.length === pageSize, of === "" && rows.length > 0);
  if (rows.length > 0) return;
  if (offset > 0) drawNotice("No more rows", [], button("To the first page", () => go({ ...view, offset: 0 })));
  else if (filters.length > 0) drawNotice("No rows match", [], button("Remove all filters", () => go({ ...view, filters: [] })));
  else drawNotice("No rows", ["The table is empty."]);
}

function drawPager(text, hasMore, canCount = false) {
  $("status").textContent = text;
  $("previous").ariaDisabled = String(view.offset === 0); // disabled itself would lose the focus
  $("next").ariaDisabled = String(!hasMore);
  $("count").hidden = !canCount;
}

function sortBy(column, isAdded) {
  const term = view.order.find((t) => t.column === column);
  const next = !term ? [{ column, down: false }] : term.down ? [] : [{ column, down: true }];
  const order = !isAdded ? next : term ? view.order.flatMap((t) => (t === term ? next : [t])) : [...view.order, ...next];
  go({ ...view, order, offset: 0 });
}

function turnNulls(column) {
  const turn = ({ nulls, down }) => ((nulls ?? (down ? "last" : "first")) === "first" ? "last" : "first");
  go({ ...view, order: view.order.map((t) => (t.column === column ? { ...t, nulls: turn(t) } : t)), offset: 0 });
}

function setLive(on) {
  live = on;
  $("live").ariaPressed = String(on);
  $("note").textContent = on ? "Connecting…" : "";
}

async function saveCSV() {
  $("note").textContent = "Fetching all rows as CSV…";
  try {
    await download(view, tables.get(view.table));
    $("note").textContent = "Saved.";
  } catch ({ message, hint }) {
    $("note").textContent = [message, hint].filter(Boolean).join(" ");
  }
}

const turn = (pages) => ({ currentTarget }) => currentTarget.ariaDisabled !== "true" && go({ ...view, offset: Math.max(0, view.offset + pages * pageSize) });
$("previous").onclick = turn(-1);
$("next").onclick = turn(1);
$("count").onclick = () => load(tables.get(view.table), true);
$("live").onclick = () => { setLive(!live); load(tables.get(view.table), false); };
$("download").onclick = saveCSV;
$("choose").onclick = () => openColumns(tables.get(view.table), view);
$("copy").onclick = () => openCode(tables.get(view.table), view);
$("filter").onclick = () => addFilter(tables.get(view.table));
$("filters").onsubmit = (event) => { event.preventDefault(); go({ ...view, filters: readFilters(), offset: 0 }); };
$("close").onclick = () => $("drawer").close();
$("drawer").onclick = ({ target }) => target === $("drawer") && $("drawer").close(); // its backdrop
$("skip").onclick = () => $("rows").focus();
$("find").oninput = findTable;
$("find").onkeydown = ({ key }) => key === "Enter" && $("list").querySelector("li:not([hidden]) a")?.click();
$("menu").onclick = () => { $("menu").ariaExpanded = String($("tables").classList.toggle("open")); };
$("forget").onclick = () => { sessionStorage.removeItem(tokenName); location.reload(); };
window.onhashchange = show;
start();

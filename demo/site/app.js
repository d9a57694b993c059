// Shows a table that readapi serves. What comes over the wire is set as text,
// never as markup: rows hold whatever somebody once typed.
const api = new URLSearchParams(location.search).get("api") ?? "http://localhost:8080";
const columns = ["name", "country", "altitude_m", "price", "notes"]; // shown at first
const searched = ["name", "notes"]; // of type CHAR, VARCHAR or TEXT
let order = { column: "altitude_m", descending: true }, offset = 0, kept = {}, running = new AbortController(), typing;

const $ = (id) => document.getElementById(id);
const form = document.forms[0], head = document.querySelector("thead tr"), body = document.querySelector("tbody");
const create = (tag, text, more) => Object.assign(document.createElement(tag), { textContent: text }, more);
const lines = (headers) => [...headers].map((header) => header.join(": ")).join("\n");
const quote = (name) => /^\w+$/.test(name) ? name : JSON.stringify(name);
const isNumber = (value) => typeof value === "number" || JSON.isRawJSON?.(value);
const exact = (_, value, context) => // a number keeps its digits, where the browser can
  typeof value === "number" && JSON.rawJSON ? JSON.rawJSON(context.source) : value;

function query() {
  const text = form.q.value.trim();
  const pattern = JSON.stringify(`*${text.replace(/[\\%_]/g, "\\$&")}*`); // no wildcards but ours
  const parameters = {
    select: form.all.checked ? "" : columns.map(quote).join(),
    or: text && `(${searched.map((name) => `${quote(name)}.ilike.${pattern}`)})`,
    order: quote(order.column) + (order.descending ? ".desc" : ".asc"),
    limit: form.limit.value,
    offset: offset || "",
  };
  return Object.entries(parameters).filter(([, value]) => value)
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",")}`);
}

async function load() {
  running.abort(); // only the latest answer counts
  running = new AbortController();
  const { signal } = running, asked = query(), url = `${api}/read?${asked.join("&")}`, start = performance.now();
  // The browser's own cache does the same unasked, but then shows a script 200 for a 304.
  const headers = { Prefer: "count=exact", ...(url === kept.url && { "If-None-Match": kept.etag }) };
  $("rows").ariaBusy = "true";
  $("request").textContent = `${asked.join("\n&")}\n${lines(Object.entries(headers))}`;
  try {
    const response = await fetch(url, { headers, signal, cache: "no-store" }), { ok, status } = response;
    const answer = status === 304 ? kept.rows : JSON.parse(await response.text(), exact);
    showResponse(`${status} ${response.statusText}`, start, response.headers);
    if (status === 304) return showRows(kept.rows, kept.total, ", unchanged");
    if (!ok) return showNotice(`Error ${answer.code ?? status}`, answer.message, answer.details, answer.hint);
    const etag = response.headers.get("ETag"), total = response.headers.get("Content-Range")?.split("/")[1] ?? "?";
    kept = etag ? { url, etag, total, rows: answer } : {};
    showRows(answer, total);
  } catch (error) {
    if (signal.aborted) return;
    showResponse("No response", start, []);
    showNotice("No answer", `${api} gave no whole answer: ${error.message}.`,
      `Does readapi run there, and does its CORS_ORIGINS allow ${location.origin}?`);
  }
}

function showResponse(status, start, headers) {
  $("rows").ariaBusy = "false";
  Object.assign($("code"), { textContent: status, className: /^[23]/.test(status) ? "" : "bad" });
  $("time").textContent = `${Math.round(performance.now() - start)} ms`;
  $("response").textContent = lines(headers);
}

function showRows(rows, total, note = "") {
  if (rows.length === 0) return showNotice("No rows", "Nothing in the table matches.");
  const names = Object.keys(rows[0]), last = offset + rows.length;
  if (names.join() !== [...head.cells].map((th) => th.textContent).join()) { // else the focus stays
    head.replaceChildren(...names.map(() => create("th", "", { scope: "col" })));
    names.forEach((name, i) => head.cells[i].append(create("button", name, { type: "button", onclick: sortBy })));
  }
  body.replaceChildren(...rows.map(() => create("tr")));
  for (const th of head.cells) {
    const name = th.textContent, kind = rows.some((row) => isNumber(row[name])) ? "number" : "";
    th.ariaSort = name !== order.column ? "none" : order.descending ? "descending" : "ascending";
    th.className = kind;
    rows.forEach(({ [name]: value }, i) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      body.rows[i].append(create("td", text, { className: value === null ? `null ${kind}` : kind }));
    });
  }
  $("notice").replaceChildren();
  showPage(`${offset + 1}–${last} of ${total}${note}`, last < total);
}

function showNotice(title, ...texts) {
  body.replaceChildren();
  $("notice").replaceChildren(create("strong", title), ...texts.filter(Boolean).map((text) => create("p", text)));
  showPage("", false);
}

function showPage(text, more) {
  $("status").textContent = text;
  $("previous").ariaDisabled = String(offset === 0); // disabled itself would lose the focus
  $("next").ariaDisabled = String(!more);
}

function sortBy({ currentTarget: { textContent: column } }) {
  order = { column, descending: column === order.column && !order.descending };
  turnTo(0);
}

const turnTo = (row) => { offset = Math.max(0, row); load(); };
$("api").textContent = api;
$("previous").onclick = () => offset > 0 && turnTo(offset - form.limit.value);
$("next").onclick = ({ target }) => target.ariaDisabled === "false" && turnTo(offset + Number(form.limit.value));
form.onsubmit = (event) => { event.preventDefault(); load(); };
form.oninput = () => { clearTimeout(typing); typing = setTimeout(turnTo, 200, 0); };
load();

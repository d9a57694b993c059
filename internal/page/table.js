// This file draws the rows. Whatever a row holds becomes a text and nothing else.

const $ = (id) => document.getElementById(id);
const maxText = 120, maxBinary = 24; // characters of a value in a cell

/** create makes an element; children that are strings become texts. */
function create(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}
const button = (text, onclick, properties = {}) => create("button", { type: "button", onclick, ...properties }, text);
const mark = (text) => create("i", { className: "mark" }, text);

/** drawHead makes the headings of the columns; those that stand already stay, and so does the focus. */
function drawHead(table, view, names) {
  const head = $("head"), state = JSON.stringify([table.name, names]);
  if (head.state !== state) {
    head.state = state;
    head.replaceChildren(create("th", { scope: "col", className: "count" }, create("span", { className: "hidden" }, "Row")),
      ...names.map((name) => heading(name, table.columns.get(name))));
  }
  names.forEach((name, i) => {
    const th = head.cells[i + 1], term = view.order.find(({ column }) => column === name);
    th.ariaSort = !term ? "none" : term.down ? "descending" : "ascending";
    const nulls = th.querySelector(".nulls");
    nulls.hidden = !term || table.columns.get(name)?.nullable === false;
    nulls.textContent = `NULL ${term?.nulls ?? (term?.down ? "last" : "first")}`;
  });
}

function heading(name, column) {
  const about = create("span", { className: "type" }, column?.type ?? "");
  if (column?.isKey) about.prepend(create("b", { title: "part of the primary key" }, "key"), " ");
  if (column?.refers) about.append(` → ${column.refers.table}`);
  return create("th", { scope: "col", className: column?.kind ?? "" },
    button(name, (event) => sortBy(name, event.shiftKey), { className: "sort" }), about,
    column?.comment ? create("span", { className: "comment", title: column.comment }, column.comment) : null,
    button("", () => turnNulls(name), { className: "nulls", hidden: true, title: "Where NULL stands" }));
}

/** drawBody fills the table. Rows that were not there before are marked if isLive. */
function drawBody(table, names, rows, offset, isLive) {
  const body = $("body"), known = new Set([...body.rows].map((tr) => tr.text));
  body.replaceChildren(...rows.map((row, i) => {
    const number = offset + i + 1, open = (event) => openRow(table, row, number, event.currentTarget.dataset.column);
    const tr = create("tr", { text: JSON.stringify([...row]) }, create("th", { scope: "row", className: "count" },
      button(String(number), open, { ariaLabel: `Open row ${number}` })));
    if (isLive && known.size > 0 && !known.has(tr.text)) tr.className = "changed";
    tr.append(...names.map((name) => cell(name, table.columns.get(name), row, number, open)));
    return tr;
  }));
}

function cell(name, column, row, number, open) {
  const { node, isShort } = drawValue(row.get(name) ?? "null", column, true), link = column && linkTo(column.refers, row);
  const td = create("td", { className: column?.kind ?? "" }, link ? create("a", { href: link }, node) : node);
  if (isShort) {
    const more = button("…", open, { className: "more", ariaLabel: `Show all of ${name} in row ${number}` });
    more.dataset.column = name;
    td.append(" ", more);
  }
  return td;
}

/** drawValue is what stands for a value, shortened or in full. */
function drawValue(raw, column, wantShort) {
  const text = plain(raw), isBinary = column?.kind === "binary";
  if (text === null) return { node: mark("NULL") };
  if (text === "") return { node: mark("empty") };
  const shown = wantShort ? shorten(text, isBinary ? maxBinary : maxText) : /^[{[]/.test(raw) ? pretty(raw) : text;
  if (!isBinary) return { node: create("span", {}, shown), isShort: wantShort && shown !== text };
  const bytes = text.length / 4 * 3 - text.match(/=*$/)[0].length;
  return { node: create("span", {}, shown, " ", mark(`${bytes} ${bytes === 1 ? "byte" : "bytes"}`)), isShort: wantShort && shown !== text };
}

/** linkTo is the view of the row that a foreign key names, or null. */
function linkTo(relation, row, columns = relation?.columns, others = relation?.references, table = relation?.table) {
  if (!relation || columns.some((column) => (row.get(column) ?? "null") === "null")) return null;
  return fragment(newView(table, others.map((other, i) => ({ column: other, text: `eq.${plain(row.get(columns[i]))}` }))));
}

/** drawNotice stands in the place of rows. */
function drawNotice(title, texts = [], ...actions) {
  $("notice").replaceChildren(...(title ? [create("h2", {}, title), ...texts.filter(Boolean).map((text) => create("p", {}, text)), ...actions] : []));
}

const drawFault = ({ message, details, hint, code }, retry) =>
  drawNotice(message, [details, hint, code && `Code ${code}`], button("Try again", retry));

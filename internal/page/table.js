// This file draws the rows. Whatever a row holds becomes a text and nothing else.

const maxText = 120, maxBinary = 24; // characters of a value in a cell
const $ = (id) => document.getElementById(id);
/** create makes an element; children that are strings become texts, and what is false is left out. */
function create(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(Boolean));
  return element;
}
const button = (text, onclick, properties) => create("button", { type: "button", onclick, ...properties }, text);
const mark = (text) => create("i", { className: "mark" }, text);
/** drawHead makes the headings; those of the same columns stay, and so does the focus. */
function drawHead(table, { order }, names) {
  const head = $("head"), state = JSON.stringify([table.name, names]);
  if (head.state !== state) {
    head.replaceChildren(create("th", { scope: "col", className: "count" }, create("span", { className: "hidden" }, "Row")),
      ...names.map((name) => heading(name, table.columns.get(name))));
  }
  head.state = state;
  names.forEach((name, i) => {
    const th = head.cells[i + 1], term = order.find(({ column }) => column === name);
    th.ariaSort = !term ? "none" : term.down ? "descending" : "ascending";
    th.lastChild.hidden = !term || table.columns.get(name)?.isNullable === false;
    th.lastChild.textContent = `NULL ${term?.nulls ?? (term?.down ? "last" : "first")}`;
  });
}
function heading(name, { type, kind, isKey, refers, comment } = {}) {
  return create("th", { scope: "col", className: kind },
    button(name, (event) => sortBy(name, event.shiftKey), { className: "sort", title: "Sort; with Shift also by this" }),
    create("span", { className: "type" }, isKey && create("b", { title: "Part of the primary key" }, "key"),
      ` ${type ?? ""}${refers ? ` → ${refers.table}` : ""}`),
    comment && create("span", { className: "comment", title: comment }, comment),
    button("", () => turnNulls(name), { className: "nulls", title: "Put NULL at the other end" }));
}
/** drawBody fills the table. Rows that were not there before are marked if isLive. */
function drawBody(table, names, rows, offset, isLive) {
  const body = $("body"), known = new Set([...body.rows].map((tr) => tr.state));
  body.replaceChildren(...rows.map((row, i) => {
    const number = offset + i + 1, open = (column) => openRow(table, row, number, column), state = JSON.stringify([...row]);
    return create("tr", { state, className: isLive && known.size > 0 && !known.has(state) ? "changed" : "" },
      create("th", { scope: "row", className: "count" }, button(String(number), () => open(), { ariaLabel: `Open row ${number}` })),
      ...names.map((name) => {
        const column = table.columns.get(name), link = linkTo(column?.refers, row), { node, isShort } = drawValue(row.get(name), column, true);
        return create("td", { className: column?.kind }, link ? create("a", { href: link }, node) : node,
          isShort && button("…", () => open(name), { className: "more", ariaLabel: `Show all of ${name} in row ${number}` }));
      }));
  }));
}
/** drawValue is what stands for a value, shortened or in full. */
function drawValue(raw, column, wantShort) {
  const text = plain(raw ?? "null"), isBinary = column?.kind === "binary";
  if (!text) return { node: mark(text === "" ? "empty" : "NULL") };
  const shown = wantShort ? shorten(text, isBinary ? maxBinary : maxText) : /^[{[]/.test(raw) ? pretty(raw) : text;
  const bytes = isBinary && text.length / 4 * 3 - text.match(/=*$/)[0].length;
  return { node: create("span", {}, shown, isBinary && " ", isBinary && mark(`${bytes} B`)), isShort: wantShort && shown !== text };
}
/** linkTo is the view of the rows that a relation leads to, or null. */
function linkTo(relation, row) {
  if (!relation || relation.columns.some((column) => (row.get(column) ?? "null") === "null")) return null;
  return fragment(newView(relation.table, relation.references.map((column, i) =>
    ({ column, text: `eq.${plain(row.get(relation.columns[i]))}` }))));
}
/** drawNotice stands in the place of rows; without a title there is none. */
function drawNotice(title, texts = [], ...actions) {
  $("notice").replaceChildren(...(title ? [create("h2", {}, title), ...texts.filter(Boolean).map((text) => create("p", {}, text)), ...actions] : []));
}

// This file fills the drawer at the side: a whole row, the columns to choose from, the request to copy.

function openDrawer(title, ...children) {
  $("drawer-title").textContent = title;
  $("drawer-body").replaceChildren(...children.filter(Boolean));
  if (!$("drawer").open) $("drawer").showModal();
  $("drawer-body").scrollTop = 0;
}
/** openRow shows a row in full, also columns that were not chosen, and scrolls to a column. */
async function openRow(table, row, number, column) {
  const { columns } = table, address = requestOf({ ...view, select: null, offset: number - 1 }, table, 1);
  const found = row.size < columns.size && await ask(address).then((text) => parseRows(text)[0], () => undefined);
  const whole = found && [...row].every(([name, raw]) => found.get(name) === raw) ? found : row; // else it has moved
  const list = create("dl", {}, ...[...whole].flatMap(([name, raw]) => {
    const { type, refers } = columns.get(name) ?? {}, link = linkTo(refers, whole);
    return [create("dt", { state: name }, name, create("span", { className: "type" }, type)),
      create("dd", { className: columns.get(name)?.kind }, drawValue(raw, columns.get(name), false).node, link && create("a", { href: link }, `Open in ${refers.table}`))];
  }));
  const links = table.referred.map((relation) => ({ ...relation, // seen from here
    link: linkTo({ table: relation.from, columns: relation.references, references: relation.columns }, whole) }));
  openDrawer(`${table.name}, row ${number}`, links.some(({ link }) => link) && create("p", {}, "Referred to by ", ...links.filter(({ link }) => link)
    .flatMap(({ link, from: table, columns: by }, i) => [i > 0 && ", ", create("a", { href: link }, `${table}.${by.join(", ")}`)])), list);
  [...list.children].find((dt) => dt.state === (column ?? null))?.scrollIntoView();
}
/** openColumns lets a person choose; all of them, or none, is no choice. */
function openColumns(table, shown) {
  const list = create("ul", { className: "columns" }, ...[...table.columns].map(([name, { type, isKey, isNullable, refers, comment }]) => {
    const facts = [type, isKey && "primary key", refers && `refers to ${refers.table}`, !isNullable && "not NULL"].filter(Boolean);
    return create("li", {}, create("label", {}, create("input", { type: "checkbox", value: name, checked: shown.select?.includes(name) ?? true }),
      create("span", {}, name, create("span", { className: "type" }, facts.join(" · ")), comment && create("span", { className: "comment" }, comment))));
  }));
  const boxes = [...list.querySelectorAll("input")], check = (checked) => boxes.forEach((box) => { box.checked = checked; });
  const onsubmit = (event) => {
    event.preventDefault();
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    $("drawer").close();
    go({ ...shown, select: chosen.length % boxes.length === 0 ? null : chosen });
  };
  openDrawer("Columns", create("form", { onsubmit }, create("p", { className: "bar" }, create("button", { className: "main" }, "Apply"),
    button("Check all", () => check(true)), button("Check none", () => check(false))), list));
}
/** openCode shows the request in one language at a time. */
function openCode(table, shown) {
  const texts = examples(shown, table, token() !== ""), code = create("pre", { id: "code", tabIndex: 0, role: "region", ariaLabel: "The request" });
  const said = create("span", { role: "status" }), choose = (name) => { code.textContent = texts[name]; said.textContent = ""; };
  const copy = async () => {
    getSelection().selectAllChildren(code); // so that a person can copy it where the page may not
    const isCopied = await navigator.clipboard?.writeText(code.textContent).then(() => true, () => false);
    said.textContent = isCopied || document.execCommand("copy") ? "Copied." : "Selected: press Ctrl-C or ⌘C.";
  };
  openDrawer("The request", create("fieldset", {}, create("legend", { className: "hidden" }, "Written for"), ...Object.keys(texts).map((name) =>
    create("label", {}, create("input", { type: "radio", name: "language", checked: name === "URL", onchange: () => choose(name) }), name))),
  code, create("p", { className: "bar" }, button("Copy", copy, { className: "main" }), said));
  choose("URL");
}

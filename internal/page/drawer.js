// This file fills the drawer at the side: a whole row, the columns to choose from, the request to copy.

function openDrawer(title, ...children) {
  $("drawer-title").textContent = title;
  $("drawer-body").replaceChildren(...children);
  if (!$("drawer").open) $("drawer").showModal();
  $("drawer-body").scrollTop = 0;
}

/** openRow shows a row in full, also columns that were not chosen, and scrolls to a column. */
async function openRow(table, row, number, column) {
  let whole = row;
  if (table.key.length > 0 && [...table.columns.keys()].some((name) => !row.has(name)) && table.key.every((name) => row.has(name))) {
    const filters = table.key.map((name) => ({ column: name, text: `eq.${plain(row.get(name))}` }));
    whole = await ask(requestOf(newView(table.name, filters), table)).then(readText).then((text) => parseRows(text)[0] ?? row, () => row);
  }
  const list = create("dl");
  for (const [name, raw] of whole) {
    const about = table.columns.get(name), link = linkTo(about?.refers, whole);
    list.append(create("dt", {}, name, " ", create("span", { className: "type" }, about?.type ?? "")),
      create("dd", {}, drawValue(raw, about, false).node, link ? create("a", { href: link }, `Open in ${about.refers.table}`) : null));
  }
  const referred = table.referred.map((relation) => [relation, linkTo(relation, whole, relation.references, relation.columns, relation.from)])
    .filter(([, link]) => link).map(([{ from, columns }, link]) => create("li", {}, create("a", { href: link }, from), ` by ${columns.join(", ")}`));
  openDrawer(`Row ${number}`, list, ...(referred.length > 0 ? [create("h3", {}, "Referred to from"), create("ul", {}, ...referred)] : []));
  [...list.children].find((dt) => dt.tagName === "DT" && dt.firstChild.data === column)?.scrollIntoView();
}

/** openColumns lets a person choose; all of them is no choice. */
function openColumns(table, view) {
  const list = create("ul", { className: "columns" });
  for (const [name, { type, isKey, nullable, refers, comment }] of table.columns) {
    const facts = [type, isKey && "primary key", refers && `→ ${refers.table}`, !nullable && "not NULL"].filter(Boolean).join(" · ");
    list.append(create("li", {}, create("label", {}, create("input", { type: "checkbox", value: name, checked: view.select?.includes(name) ?? true }),
      create("span", {}, name, create("span", { className: "type" }, facts), comment ? create("span", { className: "comment" }, comment) : null))));
  }
  const boxes = () => [...list.querySelectorAll("input")], check = (checked) => boxes().forEach((box) => { box.checked = checked; });
  const onsubmit = (event) => {
    event.preventDefault();
    const chosen = boxes().filter((box) => box.checked).map((box) => box.value);
    $("drawer").close();
    go({ ...view, select: chosen.length === 0 || chosen.length === table.columns.size ? null : chosen });
  };
  openDrawer("Columns", create("form", { onsubmit }, create("p", { className: "bar" }, button("All", () => check(true)),
    button("None", () => check(false)), create("button", { className: "main" }, "Apply")), list));
}

/** openCode shows the request in one language at a time. */
function openCode(table, view) {
  const texts = examples(view, table, token() !== ""), code = create("pre", { tabIndex: 0, ariaLabel: "The request" });
  const said = create("span", { role: "status" }), choices = create("fieldset", {}, create("legend", { className: "hidden" }, "Written for"));
  const choose = (name) => { code.textContent = texts[name]; said.textContent = ""; };
  for (const name of Object.keys(texts)) {
    choices.append(create("label", {}, create("input", { type: "radio", name: "language", checked: name === "URL", onchange: () => choose(name) }), name));
  }
  const copy = async () => {
    getSelection().selectAllChildren(code); // so that a person can copy it where the page may not
    const isCopied = await navigator.clipboard?.writeText(code.textContent).then(() => true, () => false) ?? document.execCommand("copy");
    said.textContent = isCopied ? "Copied." : "Selected: press Ctrl-C or ⌘C.";
  };
  choose("URL");
  openDrawer("Copy the request", choices, code, create("p", { className: "bar" }, button("Copy", copy, { className: "main" }), said));
}

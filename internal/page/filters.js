// This file is the form with the filters: a line for each, with the operators that fit its column.
/** drawFilters makes the lines, unless those of the view stand there already. */
function drawFilters(table, { filters }) {
  const state = JSON.stringify([table.name, filters]);
  if ($("lines").state !== state || $("lines").children.length !== filters.length) {
    $("lines").replaceChildren(...filters.map((filter) => filterLine(table, filter)));
  }
  $("lines").state = state;
  $("filters").hidden = filters.length === 0;
}
function addFilter(table) {
  $("lines").append(filterLine(table, { column: table.columns.keys().next().value }, { value: "" }));
  $("filters").hidden = false;
  $("lines").lastChild.querySelector("select").focus();
}
/** readFilters is what the lines say now. The lines stay, and so does the focus. */
function readFilters(table) {
  const filters = [...$("lines").children].map((line) => line.read());
  $("lines").state = JSON.stringify([table.name, filters]);
  return filters;
}
/** filterLine is one filter, drawn anew when its column or operator changes; a group can only be removed. */
function filterLine(table, { column, group, text = "" }, { operator, value } = readFilter(text)) {
  const remove = button("Remove", () => { line.remove(); $("filters").requestSubmit(); $("filter").focus(); }, { className: "plain" });
  const line = create("div", { className: "bar", role: "group", ariaLabel: "Filter", read: () => ({ column, group, text }) },
    column === null && create("code", {}, `${group}=${text}`), remove);
  if (column === null) return line;
  const about = table.columns.get(column), fitting = operatorsFor(about);
  if (!text && !fitting.includes(operator)) operator = fitting[0];
  const items = operator.exact ? [] : /^n?eq\.$/.test(operator.before) && about?.choices;
  const columns = choice("Column", [...new Set([...table.columns.keys(), column])], column);
  const labels = choice("Operator", [...new Set([...fitting, operator])].map(({ label }) => label), operator.label);
  const field = items ? choice("Value", items, items.includes(value) ? value : items[0])
    : create("input", { ariaLabel: "Value", value, autocomplete: "off", spellcheck: false });
  field.hidden = Boolean(operator.exact);
  columns.onchange = labels.onchange = ({ target }) => {
    const isSame = target === labels || table.columns.get(columns.value)?.kind === about?.kind; // else the first that fits
    const kept = isSame ? operators.find(({ label }) => label === labels.value) : undefined;
    const fresh = filterLine(table, { column: columns.value }, { operator: kept, value: field.value });
    line.replaceWith(fresh);
    fresh.querySelector(`[aria-label=${target.ariaLabel}]`).focus();
  };
  line.read = () => ({ column, text: writeFilter(operator, field.value) });
  line.prepend(columns, labels, field);
  return line;
}
/** choice is a select. */
function choice(label, items, value) {
  const select = create("select", { ariaLabel: label }, ...items.map((item) => create("option", { value: item }, item || "(empty)")));
  select.value = value;
  return select;
}

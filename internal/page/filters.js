// This file is the form with the filters: a line for each, with the operators that fit its column.

/** drawFilters makes the lines, unless those of the view stand there already. */
function drawFilters(table, { filters }) {
  const form = $("filters"), state = JSON.stringify([table.name, filters]);
  if (form.state !== state || $("lines").children.length !== filters.length) {
    $("lines").replaceChildren(...filters.map((filter) => filterLine(table, filter)));
  }
  form.state = state;
  form.hidden = filters.length === 0;
  $("filter").ariaExpanded = String(!form.hidden);
}

function addFilter(table) {
  const line = filterLine(table, { column: table.columns.keys().next().value });
  $("lines").append(line);
  $("filters").hidden = false;
  line.querySelector("select").focus();
}

/** readFilters is what the lines say now. */
function readFilters() {
  const filters = [...$("lines").children].map((line) => line.read());
  $("filters").state = JSON.stringify([view.table, filters]); // the lines stay, and so does the focus
  return filters;
}

/** filterLine is one filter: column, operator, value; one in words of its own can only be removed. */
function filterLine(table, { column, text }) {
  const line = create("div", { className: "bar", role: "group", ariaLabel: "Filter" });
  const remove = button("×", () => { line.remove(); $("filters").requestSubmit(); $("filter").focus(); },
    { className: "plain", ariaLabel: "Remove this filter" });
  if (column === null) {
    line.read = () => ({ column, text });
    line.append(create("code", {}, `${text.key}=${text.value}`), remove);
    return line;
  }
  const found = text === undefined ? { value: "" } : readFilter(text), names = new Set([...table.columns.keys(), column]);
  const columns = choice("Column", [...names].map((name) => [name, name]), column);
  const place = create("span", { className: "value" });
  let chosen, value;
  const drawField = () => {
    chosen = operators[choices.value];
    const list = /^n?eq\.$/.test(chosen.before) && table.columns.get(columns.value)?.choices;
    const kept = value?.value ?? found.value;
    value = list ? choice("Value", list.map((item) => [item, item === "" ? "(empty)" : item]), list.includes(kept) ? kept : list[0])
      : create("input", { ariaLabel: "Value", value: kept, autocomplete: "off", spellcheck: false });
    value.hidden = Boolean(chosen.exact);
    place.replaceChildren(value);
  };
  const choices = choice("Operator", [], "");
  const drawOperators = () => {
    const fitting = operatorsFor(table.columns.get(columns.value));
    if (found.operator && !fitting.includes(found.operator)) fitting.push(found.operator);
    const kept = fitting.includes(chosen) ? chosen : fitting.includes(found.operator) ? found.operator : fitting[0];
    choices.replaceChildren(...fitting.map((operator) => create("option", { value: operators.indexOf(operator) }, operator.label)));
    choices.value = operators.indexOf(kept);
    drawField();
  };
  columns.onchange = drawOperators;
  choices.onchange = drawField;
  drawOperators();
  line.read = () => ({ column: columns.value, text: writeFilter(chosen, value.value) });
  line.append(columns, choices, place, remove);
  return line;
}

/** choice is a select; options are pairs of a value and what it is called. */
function choice(label, options, value) {
  const select = create("select", { ariaLabel: label }, ...options.map(([of, name]) => create("option", { value: of }, name)));
  select.value = value;
  return select;
}

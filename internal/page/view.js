// This file is the language: a view (a table, with columns, filters, order and offset) as the query
// string of a request, and back from the fragment of the page's address, which holds the same.

const pageSize = 50;

/** operators stand in a filter as before + value + after. The first that fits is shown; the last always does. */
const operators = [
  { label: "contains", kinds: "text", before: "ilike.*", after: "*", pattern: true },
  { label: "does not contain", kinds: "text", before: "not.ilike.*", after: "*", pattern: true },
  { label: "starts with", kinds: "text", before: "ilike.", after: "*", pattern: true },
  { label: "=", kinds: "number time text choice binary", before: "eq." },
  { label: "≠", kinds: "number time text choice binary", before: "neq." },
  { label: ">", kinds: "number time text", before: "gt." },
  { label: "≥", kinds: "number time text", before: "gte." },
  { label: "<", kinds: "number time text", before: "lt." },
  { label: "≤", kinds: "number time text", before: "lte." },
  { label: "is one of", kinds: "number time text choice", before: "in.(", after: ")" },
  { label: "is true", kinds: "boolean", exact: "is.true" },
  { label: "is false", kinds: "boolean", exact: "is.false" },
  { label: "is NULL", kinds: "any", exact: "is.null" },
  { label: "is not NULL", kinds: "any", exact: "is.not_null" },
  { label: "in PostgREST’s words", kinds: "any", before: "" },
];
const operatorsFor = (column) => operators.filter(({ kinds }) => kinds === "any" || kinds.split(" ").includes(column?.kind ?? "text"));

/** writeFilter is the value of the parameter for an operator and what a person gave. */
function writeFilter({ exact, before, after = "", pattern }, value) {
  return exact ?? before + (pattern ? value.replace(/[\\%_]/g, "\\$&") : value) + after;
}

/** readFilter finds the operator and the value again. */
function readFilter(text) {
  for (const operator of operators) {
    const { exact, before = "", after = "", pattern } = operator;
    const inner = text.slice(before.length, text.length - after.length);
    const value = exact ? "" : pattern ? inner.replace(/\\([\\%_])/g, "$1") : inner;
    if (writeFilter(operator, value) === text) return { operator, value };
  }
}

const reserved = ["select", "order", "limit", "offset", "and", "or", "not"];
const quote = (name) => (/^[a-z_]\w*$/i.test(name) && !reserved.includes(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`);
const unquote = (name) => (name.startsWith('"') ? name.slice(1, -1).replace(/\\(.)/gs, "$1") : name);
const encode = (text) => encodeURIComponent(text).replace(/%(2C|3A)/g, decodeURIComponent);

/** splitList splits at commas outside of quotes. */
const splitList = (text) => text.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/gs) ?? [];

/** writeTerm and readTerm are one column of the order. */
const writeTerm = ({ column, down, nulls }) => quote(column) + (down ? ".desc" : "") + (nulls ? `.nulls${nulls}` : "");
function readTerm(text) {
  const [, column, down, nulls] = text.match(/^(.*?)(?:\.asc|(\.desc))?(?:\.nulls(first|last))?$/s);
  return { column: unquote(column), down: Boolean(down), nulls };
}

/** parameters are those of a view, in pairs, without the limit. */
function parameters({ select, filters, order, offset }) {
  const list = filters.map(({ column, text }) => [column === null ? text.key : quote(column), column === null ? text.value : text]);
  if (select) list.unshift(["select", select.map(quote).join()]);
  if (order.length > 0) list.push(["order", order.map(writeTerm).join()]);
  if (offset > 0) list.push(["offset", String(offset)]);
  return list;
}

const queryString = (list) => list.map((pair) => pair.map(encode).join("=")).join("&");
const newView = (table, filters = []) => ({ table, select: null, filters, order: [], offset: 0 });

/** fragment is the link to a view. */
function fragment(view) {
  const query = queryString(parameters(view));
  return `#${encode(view.table)}${query && `?${query}`}`;
}

/** readFragment is the view of a link; groups (or, and) are kept as they are. */
function readFragment(hash) {
  const [table, query = ""] = hash.slice(1).split(/\?(.*)/s), view = newView(decode(table));
  for (const part of query.split("&").filter(Boolean)) {
    const [key, value = ""] = part.split(/=(.*)/s).map(decode);
    if (key === "select") view.select = splitList(value).map(unquote);
    else if (key === "order") view.order = splitList(value).map(readTerm);
    else if (key === "offset") view.offset = Math.max(0, Math.trunc(Number(value)) || 0);
    else if (/^(not\.)?(or|and)$/.test(key)) view.filters.push({ column: null, text: { key, value } });
    else if (key !== "limit") view.filters.push({ column: unquote(key), text: value });
  }
  return view;
}

/** decode leaves what is no code as it is: people write links, too. */
function decode(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

/** withKey is a view whose order leaves no ties, as pages need it. */
function withKey(view, table) {
  const rest = table.key.filter((column) => !view.order.some((term) => term.column === column));
  return { ...view, order: [...view.order, ...rest.map((column) => ({ column }))] };
}

// This file writes a view (table, columns, filters, order, offset) as the query of a request or a link, and reads a link.

const pageSize = 50;
/** operators stand in a filter as before + value + after. The first that fits is shown; the last always does. */
const operators = [
  { label: "contains", kinds: "text", before: "ilike.*", after: "*", isPattern: true },
  { label: "does not contain", kinds: "text", before: "not.ilike.*", after: "*", isPattern: true },
  { label: "starts with", kinds: "text", before: "ilike.", after: "*", isPattern: true },
  ...[["=", "eq"], ["≠", "neq"]].map(([label, word]) => ({ label, kinds: "number time text choice binary", before: `${word}.` })),
  ...[[">", "gt"], ["≥", "gte"], ["<", "lt"], ["≤", "lte"]].map(([label, word]) => ({ label, kinds: "number time text", before: `${word}.` })),
  { label: "is one of", kinds: "number time text choice", before: "in.(", after: ")" },
  { label: "is true", kinds: "boolean", exact: "is.true" }, { label: "is false", kinds: "boolean", exact: "is.false" },
  { label: "is NULL", exact: "is.null" }, { label: "is not NULL", exact: "is.not_null" },
  { label: "as PostgREST writes it", before: "" },
];
const operatorsFor = (column) => operators.filter(({ kinds }) => !kinds || kinds.split(" ").includes(column?.kind ?? "text"));
/** writeFilter is the value of a parameter, of an operator and what a person gave; readFilter finds these again. */
function writeFilter({ exact, before, after = "", isPattern }, value) {
  return exact ?? before + (isPattern ? value.replace(/[\\%_]/g, "\\$&") : value) + after;
}
function readFilter(text) {
  for (const operator of operators) {
    const { exact, before = "", after = "", isPattern } = operator;
    const inner = exact ? "" : text.slice(before.length, text.length - after.length);
    const value = isPattern ? inner.replace(/\\([\\%_])/g, "$1") : inner;
    if (writeFilter(operator, value) === text) return { operator, value };
  }
}

const reserved = ["select", "order", "limit", "offset", "and", "or", "not"];
const quote = (name) => (/^[a-z_]\w*$/i.test(name) && !reserved.includes(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`);
const unquote = (name) => (name.startsWith('"') ? name.slice(1, -1).replace(/\\(.)/gs, "$1") : name);
const splitList = (text) => text.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/gs) ?? [];
const encode = (text) => encodeURIComponent(text).replace(/%(2C|3A)/g, decodeURIComponent);
function decode(text) { try { return decodeURIComponent(text); } catch { return text; } } // people write links, too
/** writeTerm is one column of the order; readTerm reads it. */
const writeTerm = ({ column, down, nulls }) => quote(column) + (down ? ".desc" : "") + (nulls ? `.nulls${nulls}` : "");
function readTerm(text) {
  const [, column, down, nulls] = text.match(/^(.*?)(?:\.asc|(\.desc))?(?:\.nulls(first|last))?$/s);
  return { column: unquote(column), down: Boolean(down), nulls };
}

const newView = (table, filters = []) => ({ table, select: null, filters, order: [], offset: 0 });
const queryString = (pairs) => pairs.map((pair) => pair.map(encode).join("=")).join("&");
/** parameters are those of a view, in pairs, without the limit. A filter without a column is a group (or, and). */
function parameters({ select, filters, order, offset }) {
  const pairs = filters.map(({ column, group, text }) => [column === null ? group : quote(column), text]);
  if (select) pairs.unshift(["select", select.map(quote).join()]);
  if (order.length > 0) pairs.push(["order", order.map(writeTerm).join()]);
  if (offset > 0) pairs.push(["offset", String(offset)]);
  return pairs;
}
/** fragment is the link to a view; readFragment is the view of a link. */
function fragment(view) {
  const query = queryString(parameters(view));
  return `#${encode(view.table)}${query && `?${query}`}`;
}
function readFragment(hash) {
  const [table, query = ""] = hash.slice(1).split(/\?(.*)/s), view = newView(decode(table));
  for (const part of query.split("&").filter(Boolean)) {
    const [key, text = ""] = part.split(/=(.*)/s).map(decode);
    if (key === "select") view.select = splitList(text).map(unquote);
    else if (key === "order") view.order = splitList(text).map(readTerm);
    else if (key === "offset") view.offset = Math.max(0, Math.trunc(Number(text)) || 0);
    else if (/^(not\.)?(or|and)$/.test(key)) view.filters.push({ column: null, group: key, text });
    else if (key !== "limit") view.filters.push({ column: unquote(key), text });
  }
  return view;
}
/** withKey is a view whose order leaves no ties, as pages need it. */
function withKey(view, { key }) {
  const rest = key.filter((column) => !view.order.some((term) => term.column === column));
  return { ...view, order: [...view.order, ...rest.map((column) => ({ column }))] };
}

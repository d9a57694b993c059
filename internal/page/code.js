// This file writes a view's request: its address, and for other programs, to copy.

const root = location.origin + location.pathname.replace(/[^/]*$/, "");
const addressOf = ({ name }, pairs) => `${root}read/${encodeURIComponent(name)}?${queryString(pairs)}`;
const requestOf = (view, table, limit = pageSize) => addressOf(table, [...parameters(withKey(view, table)), ["limit", String(limit)]]);
/** examples are the request in several languages, by their names; of a token only its place is shown. */
function examples(view, table, withToken) {
  const address = requestOf(view, table), string = JSON.stringify, { name } = table;
  const option = withToken ? ", { headers: { Authorization: `Bearer ${token}` } }" : "";
  return {
    URL: address,
    curl: `curl ${withToken ? '-H "Authorization: Bearer $TOKEN" ' : ""}'${address.replaceAll("'", "'\\''")}'`,
    fetch: `const response = await fetch(${string(address)}${option});
if (!response.ok) throw new Error((await response.json()).message);
const rows = await response.json();`,
    "postgrest-js": `import { PostgrestClient } from "@supabase/postgrest-js";

const api = new PostgrestClient(${string(`${root}read`)}${option});
const { data, error } = await api
  .from(${string(/[%?#/\\]/.test(name) ? encodeURIComponent(name) : name)})
  .select(${view.select ? string(view.select.map(quote).join()) : ""})
${calls(withKey(view, table)).map((call) => `  ${call}\n`).join("")}  .range(${view.offset}, ${view.offset + pageSize - 1});` };
}
/** calls are the methods of postgrest-js for filters and order. */
function calls({ filters, order }) {
  const string = JSON.stringify;
  return [...filters.map(({ column, group, text }) => {
    if (column === null) return `.or(${string(group === "or" ? text.slice(1, -1) : group + text)})`;
    const [, operator, value] = text.match(/^((?:not\.)?[^.]*)\.?(.*)$/s), name = string(quote(column));
    if (/^(eq|neq|gte?|lte?|i?like)$/.test(operator)) return `.${operator}(${name}, ${string(value)})`;
    return `.filter(${name}, ${string(operator)}, ${string(value)})`;
  }), ...order.map(({ column, down, nulls }) => {
    const options = [down && "ascending: false", nulls && `nullsFirst: ${nulls === "first"}`].filter(Boolean).join(", ");
    return `.order(${string(quote(column))}${options && `, { ${options} }`})`;
  })];
}

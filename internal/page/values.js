// This file reads rows without losing a digit, because a value stays the text that the server sent.

const jsonToken = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s",:{}[\]]+/g;
const opens = (token) => token === "{" || token === "[", closes = (token) => token === "}" || token === "]";
/** parseRows makes of an array of objects an array of Maps, from names to the JSON texts of values. */
function parseRows(text) {
  const rows = [];
  let depth = 0, key, start;
  for (const { 0: token, index } of text.matchAll(jsonToken)) {
    if (closes(token)) depth--;
    if (depth === 1 && token === "{") rows.push(new Map());
    if (depth === 2 && start === undefined && token.startsWith('"')) key = JSON.parse(token);
    if (depth === 2 && token === ":") start = index + 1;
    if (start !== undefined && (depth === 2 && token === "," || depth === 1)) {
      rows.at(-1).set(key, text.slice(start, index).trim());
      start = undefined;
    }
    if (opens(token)) depth++;
  }
  if (depth !== 0 || !/^\s*\[/.test(text)) throw new SyntaxError("The answer is no list of rows.");
  return rows;
}
/** pretty lays a JSON text out in lines, and changes nothing else. */
function pretty(raw) {
  let depth = 0, last = "", text = "";
  for (const [token] of raw.matchAll(jsonToken)) {
    if (closes(token)) depth--;
    const breaks = last === "," || opens(last) !== closes(token);
    text += (breaks ? `\n${"  ".repeat(depth)}` : last === ":" ? " " : "") + token;
    if (opens(token)) depth++;
    last = token;
  }
  return text;
}
/** plain is a value as a filter takes it; null stays null. */
const plain = (raw) => (raw === "null" ? null : raw.startsWith('"') ? JSON.parse(raw) : raw);
/** shorten cuts a text, but no character in two. */
const shorten = (text, length) => (text.length <= length ? text : text.slice(0, length).replace(/[\uD800-\uDBFF]$/, ""));

// This file reads rows without losing anything: a number keeps all its digits, because a value stays
// the text that the server sent, and only strings are decoded.

/** endOfValue is the index behind the JSON value that begins at text[i]. */
function endOfValue(text, i) {
  let depth = 0;
  for (;; i++) {
    const c = text[i];
    if (c === '"') i = endOfString(text, i);
    else if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") depth--;
    else if (c === undefined) throw new SyntaxError("The answer breaks off.");
    else if (depth === 0) while (/[^\s,\]}]/.test(text[i + 1] ?? ",")) i++;
    if (depth === 0) return i + 1;
  }
}

/** endOfString is the index of the quote that ends the string at text[i]. */
function endOfString(text, i) {
  for (;;) {
    const end = text.indexOf('"', i + 1);
    if (end < 0) throw new SyntaxError("The answer breaks off.");
    let before = end;
    while (text[before - 1] === "\\") before--;
    if ((end - before) % 2 === 0) return end;
    i = end;
  }
}

/** parseRows makes of an array of objects an array of Maps, from names to the JSON texts of values. */
function parseRows(text) {
  const rows = [], skip = (i) => { while (/[\s,:]/.test(text[i] ?? "")) i++; return i; };
  let i = skip(0);
  if (text[i] !== "[") throw new SyntaxError("The answer is no list of rows.");
  for (i = skip(i + 1); text[i] !== "]"; i = skip(i + 1)) {
    const row = new Map();
    for (i = skip(i + 1); text[i] !== "}"; i = skip(i)) {
      const colon = endOfValue(text, i), start = skip(colon), end = endOfValue(text, start);
      row.set(JSON.parse(text.slice(i, colon)), text.slice(start, end));
      i = end;
    }
    rows.push(row);
  }
  return rows;
}

/** plain is a value as text, as a filter takes it; null stays null. */
const plain = (raw) => (raw === "null" ? null : raw.startsWith('"') ? JSON.parse(raw) : raw);

/** pretty lays a JSON text out in lines, and changes nothing else. */
function pretty(raw) {
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return raw.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|[{[]\s*[\]}]|[{}[\],:]|\s+/g, (token) => {
    if (/^\s/.test(token)) return "";
    if (token === "{" || token === "[") return depth++, token + line();
    if (token === "}" || token === "]") return depth--, line() + token;
    return token === "," ? token + line() : token === ":" ? ": " : token;
  });
}

/** shorten cuts a text, but no character in two. */
const shorten = (text, length) => (text.length <= length ? text : text.slice(0, length).replace(/[\uD800-\uDBFF]$/, ""));

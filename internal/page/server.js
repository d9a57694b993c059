// This file speaks to the server, and keeps the token: in this tab only.

const tokenName = `readapi token ${root}`;
const token = () => sessionStorage.getItem(tokenName) ?? "";
/** refusal is an error with the members of the server's, and the status; 0 is no answer, or no whole one. */
const refusal = (status, { message, hint, details, code }) => Object.assign(new Error(message), { status, hint, details, code });
/** ask fetches what is there and returns what read makes of the response, or throws a refusal. */
async function ask(address, read = (response) => response.text(), { signal, headers } = {}) {
  const authorization = token() && { Authorization: `Bearer ${token()}` };
  let response, fault;
  try {
    response = await fetch(address, { signal, headers: { ...headers, ...authorization } });
    if (response.ok) return await read(response);
    fault = await response.json().catch(() => ({}));
  } catch (error) {
    if (signal?.aborted || error.status) throw error;
    throw refusal(0, { message: response ? "The answer broke off." : "The server does not answer.", hint: "Try again shortly." });
  }
  throw refusal(response.status, { message: `The answer is ${response.status} ${response.statusText}.`, ...fault });
}
/** readPage gives the text of an answer, the query of the next page if there may be one, and of how many rows it is. */
const readPage = async (response) => [await response.text(), response.headers.get("Link")?.match(/\?(.*)>/)[1],
  response.headers.get("Content-Range")?.split("/")[1]];
/** watch calls onRows with the text of the rows, now and after each change, until signal ends it or it is refused. */
async function watch(address, signal, onRows) {
  const headers = { Accept: "text/event-stream" };
  const take = (event) => {
    const field = (name) => event.match(RegExp(`^${name}:.*`, "gm"))?.map((line) => line.slice(name.length + 1).trim());
    headers["Last-Event-ID"] = field("id")?.pop() ?? headers["Last-Event-ID"] ?? "";
    if (field("data")) onRows(field("data").join("\n"));
  };
  const read = async (response) => {
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw refusal(406, {});
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let next = await reader.read(), rest = ""; !next.done; next = await reader.read()) {
      const events = (rest + next.value).split("\n\n");
      rest = events.pop();
      events.forEach(take);
    }
  };
  const keepOn = (error) => { if (signal.aborted || (error.status >= 400 && error.status < 500)) throw error; };
  while (!signal.aborted) {
    await ask(address, read, { signal, headers }).catch(keepOn);
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
  }
}
/** download saves all rows of a view as CSV, with the mark that Excel knows UTF-8 by. */
async function download(view, table) {
  const parts = ["\uFEFF"], first = addressOf(table, parameters({ ...withKey(view, table), offset: 0 }));
  for (let text, next = first; next; next &&= `${first.split("?")[0]}?${next}`) { // of MAX_ROWS each
    [text, next] = await ask(next, readPage, { headers: { Accept: "text/csv" } });
    parts.push(parts.length === 1 ? text : text.replace(/^(?:"(?:[^"]|"")*"|[^"\r])*\r\n/, "")); // without the names again
  }
  const link = create("a", { href: URL.createObjectURL(new Blob(parts)), download: `${table.name}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

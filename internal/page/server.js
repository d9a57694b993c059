// This file speaks to the server, and keeps the token: in this tab only.

const tokenName = `readapi token ${root}`;
const token = () => sessionStorage.getItem(tokenName) ?? "";

/** Refusal is an answer of the server that is none: its members are those of the server's errors. */
class Refusal extends Error {
  constructor(status, { message, details, hint, code }) {
    super(message);
    Object.assign(this, { status, hint, code, details: typeof details === "string" ? details : details && JSON.stringify(details) });
  }
}

/** ask fetches what is there, or throws a Refusal. */
async function ask(address, { signal, headers = {} } = {}) {
  const authorization = token() && { Authorization: `Bearer ${token()}` };
  let response;
  try {
    response = await fetch(address, { signal, headers: { ...headers, ...authorization } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, { message: "The server does not answer.", hint: "Is it running, and is this device online?" });
  }
  if (response.ok) return response;
  const fault = await response.json().catch(() => ({}));
  throw new Refusal(response.status, { ...fault, message: fault.message ?? `The answer is ${response.status} ${response.statusText}.` });
}

/** readText is a whole body; a stream that breaks is no answer. */
async function readText(response, signal) {
  try {
    return await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, { message: "The answer broke off.", hint: "Try again shortly." });
  }
}

/** watch calls onRows with the text of the rows, now and after each change, until signal ends it or the server refuses. */
async function watch(address, signal, onRows) {
  const headers = { Accept: "text/event-stream" };
  for (;;) {
    try {
      const response = await ask(address, { signal, headers });
      if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw new Refusal(406, {});
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
        const events = (rest + value).split("\n\n");
        rest = events.pop();
        for (const event of events) {
          const field = (name) => event.split("\n").filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart());
          if (field("id").length > 0) headers["Last-Event-ID"] = field("id").pop();
          if (field("data").length > 0) onRows(field("data").join("\n"));
        }
      }
    } catch (error) {
      if (signal.aborted || (error.status >= 400 && error.status < 500)) throw error;
    }
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
    if (signal.aborted) return;
  }
}

/** download saves all rows of a view as CSV, with the mark that Excel knows UTF-8 by. */
async function download(view, table) {
  const query = queryString(parameters({ ...withKey(view, table), offset: 0 }));
  const response = await ask(`${addressOf(table.name)}?${query}`, { headers: { Accept: "text/csv" } });
  const rows = await response.blob().catch(() => { throw new Refusal(0, { message: "The download broke off.", hint: "Try again shortly." }); });
  const link = create("a", { href: URL.createObjectURL(new Blob(["\uFEFF", rows], { type: "text/csv" })), download: `${table.name}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

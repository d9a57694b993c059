// This file tests clients of others, unmodified: Swagger UI in Chromium, the MCP
// server for agents, react-admin's data provider, and what reads a table by its link:
// pandas, R, jq.
//
// Chromium is wanted at /usr/bin/chromium, or where CHROMIUM says. What is not here
// is skipped by name, or fails if REQUIRE_BROWSER, or REQUIRE_TOOLS, is 1.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { Database, Readapi, here } from "./harness.js";

const run = promisify(execFile);
const { env } = process;
const executablePath = env.CHROMIUM ?? "/usr/bin/chromium";

let database, server;

before(async () => {
  database = await Database.create("library.sql");
  server = await Readapi.start({ ...database.environment(), DB_TABLES: 'book,author,profile,tag,book_tag,odd {name} "1"' });
});

after(async () => {
  await server?.stop();
  await database?.drop();
});

/** need skips a test if something is not here. */
function need(t, found, name, variable) {
  if (!found) assert.notEqual(env[variable], "1", `there is no ${name}`);
  if (!found) t.skip(`there is no ${name} here`);
  return found;
}

/** works tells whether a command can be run. */
const works = (command, ...args) => run(command, args).then(() => true, () => false);

/** serveSwagger serves Swagger UI with the document of the server, on another origin than this one's. */
async function serveSwagger() {
  const page = `<!doctype html><link rel="stylesheet" href="swagger-ui.css"><div id="ui"></div><script src="swagger-ui-bundle.js"></script>
    <script>SwaggerUIBundle({ url: ${JSON.stringify(`${server.url}/`)}, dom_id: "#ui" })</script>`;
  const site = http.createServer(({ url }, response) => {
    const isFile = /^\/[\w-]+\.(css|js)$/.test(url);
    response.setHeader("Content-Type", url.endsWith(".css") ? "text/css" : isFile ? "text/javascript" : "text/html; charset=utf-8");
    response.end(isFile ? readFileSync(here(`node_modules/swagger-ui-dist${url}`)) : page);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  return site;
}

test("Swagger UI: Try it out shows rows", async (t) => {
  if (!need(t, existsSync(executablePath), "Chromium", "REQUIRE_BROWSER")) return;
  const site = await serveSwagger();
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  t.after(async () => {
    await browser.close();
    site.close().closeAllConnections();
  });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${site.address().port}/`);
  for (const [table, want] of [["book", '"title": "Compilers"'], ['odd {name} "1"', '"class": 3']]) {
    const operation = page.locator(".opblock", { has: page.getByText(`Rows of ${table}`, { exact: true }) });
    await operation.locator(".opblock-summary-control").click();
    await operation.locator(".try-out__btn").click();
    const answered = page.waitForResponse((response) => response.request().method() === "GET" && response.url().includes("/read/"));
    await operation.locator("button.execute").click();
    const response = await answered;
    assert.equal(response.status(), 200);
    assert.equal(new URL(response.url()).search, "");
    await operation.locator(".live-responses-table pre", { hasText: want }).first().waitFor();
  }
  assert.equal(await page.locator(".errors-wrapper").count(), 0);
});

test("@supabase/mcp-server-postgrest: agents read the document and rows", async (t) => {
  const child = spawn(process.execPath, ["node_modules/@supabase/mcp-server-postgrest/dist/stdio.js", "--apiUrl", server.url, "--schema", "public"], {
    cwd: here("."), stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let id = 0;
  const ask = async (method, params) => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params })}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      assert(!done, "the MCP server ended");
      const answer = JSON.parse(value);
      if (answer.id === id) return answer.result ?? assert.fail(value);
    }
  };
  await ask("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } });
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
  const { resources } = await ask("resources/list", {});
  const { contents } = await ask("resources/read", { uri: resources[0].uri });
  assert.ok(JSON.parse(contents[0].text).paths["/book"]);
  const call = async (name, args) => JSON.parse((await ask("tools/call", { name, arguments: args })).content[0].text);
  const { path } = await call("sqlToRest", { sql: "select title, price from book where price > 15 order by title limit 5" });
  assert.deepEqual((await call("postgrestRequest", { method: "GET", path })).result, [{ title: "Compilers", price: 20 }]);
  const refused = await call("postgrestRequest", { method: "DELETE", path: "/book?id=eq.1" });
  assert.equal(refused.result.code, "PGRST117");
});

test("@raphiniert/ra-data-postgrest: lists, pages, records, references", async () => {
  const require = createRequire(import.meta.url);
  const { default: provider, defaultPrimaryKeys } = require("@raphiniert/ra-data-postgrest");
  const { fetchUtils } = require("ra-core");
  const primaryKeys = new Map(defaultPrimaryKeys).set("book_tag", ["book_id", "tag_id"]);
  const data = provider({
    apiUrl: server.url, httpClient: fetchUtils.fetchJson, defaultListOp: "eq", primaryKeys, schema: () => "",
  });
  const list = { pagination: { page: 2, perPage: 2 }, sort: { field: "title", order: "ASC" }, filter: {} };
  const books = await data.getList("book", list);
  assert.deepEqual([books.total, books.data.map((row) => row.title)], [3, ["Notes"]]);
  const paper = await data.getList("book", { ...list, pagination: { page: 1, perPage: 9 }, filter: { "format@eq": "paper", "title@ilike": "n" } });
  assert.deepEqual(paper.data.map((row) => row.id), [3, 1]);
  assert.equal((await data.getOne("author", { id: 1 })).data.name, "Ada");
  assert.deepEqual((await data.getMany("author", { ids: [1, 3] })).data.map((row) => row.name).sort(), ["Ada", "Nobody"]);
  const references = await data.getManyReference("book", { ...list, pagination: { page: 1, perPage: 1 }, target: "author_id", id: 2 });
  assert.deepEqual([references.total, references.data.length], [2, 1]);
  const both = await data.getOne("book_tag", { id: "[2,1]" });
  assert.deepEqual([both.data.book_id, both.data.tag_id], [2, 1]);
});

test("github.com/supabase-community/postgrest-go: rows, totals, related tables, errors", async () => {
  const { stdout } = await run("go", ["run", ".", server.url], { cwd: here("go") });
  assert.deepEqual(stdout.trim().split("\n"), [
    '3 [{"Title":"Notes","Author":{"Name":"Ada"}},{"Title":"Compilers","Author":{"Name":"Grace"}}]',
    '0 {"Name":"Grace"}',
    '0 [{"id":1},{"id":3}]',
    '"(PGRST117) This server only reads."',
  ]);
});

test("pandas reads the CSV of a link", async (t) => {
  if (!need(t, await works("/usr/bin/python3", "-c", "import pandas"), "pandas (Debian: python3-pandas)", "REQUIRE_TOOLS")) return;
  const script = `import sys, pandas
books = pandas.read_csv(sys.argv[1], parse_dates=["added"])
print(len(books), list(books.columns), books["price"].sum(), books["title"][2], books["added"].dt.year[0], books["shelf mark"].isna().sum())`;
  const { stdout } = await run("/usr/bin/python3", ["-c", script, `${server.url}/book.csv?order=id`]);
  assert.equal(stdout, "3 ['id', 'title', 'author_id', 'editor_id', 'price', 'format', 'doc', 'cover', 'added', 'shelf mark'] " +
    '32.5 Nanoseconds, "short" 2024.0 1\n');
});

test("R reads the CSV of a link", async (t) => {
  if (!need(t, await works("Rscript", "--version"), "R (Debian: r-base-core)", "REQUIRE_TOOLS")) return;
  const script = `books <- read.csv(commandArgs(TRUE)[1], check.names = FALSE)
    cat(nrow(books), sum(books$price, na.rm = TRUE), books$title[3], paste(names(books), collapse = ","), sep = "|")`;
  const { stdout } = await run("Rscript", ["--vanilla", "-e", script, `${server.url}/book.csv?order=id&select=title,price,%22shelf%20mark%22`]);
  assert.equal(stdout, '3|32.5|Nanoseconds, "short"|title,price,shelf mark');
});

test("jq reads the lines of a link", async (t) => {
  if (!need(t, await works("jq", "--version"), "jq", "REQUIRE_TOOLS")) return;
  const lines = await (await fetch(`${server.url}/book.ndjson?select=title,price&order=id`)).text();
  const jq = run("jq", ["-r", "select(.price > 15) | .title"]);
  jq.child.stdin.end(lines);
  assert.equal((await jq).stdout, "Compilers\n");
});

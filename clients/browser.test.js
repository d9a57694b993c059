// This file tests the client in a real browser, on a static page of another
// origin than readapi's: the one that docs/clients.md shows. What a browser adds
// are preflights, and that it hides what readapi does not expose.
//
// It wants Chromium at /usr/bin/chromium, or where CHROMIUM says. Without one the
// tests are skipped, or fail if REQUIRE_BROWSER is 1.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { Database, Gate, Readapi, here } from "./harness.js";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const missing = !existsSync(executablePath) && `there is no Chromium at ${executablePath}: install it, or set CHROMIUM`;
const options = { skip: process.env.REQUIRE_BROWSER !== "1" && missing };

/** library is the path of the client, as the page of docs/clients.md has it. */
const library = "/node_modules/@supabase/postgrest-js/dist/index.mjs";

describe("in Chromium, across origins", options, () => {
  let database, site, siteOrigin, browser;

  before(async () => {
    assert.ok(!missing, missing);
    database = await Database.create("../demo/sample.sql");
    site = http.createServer(serveFile).listen(0, "127.0.0.1");
    await once(site, "listening");
    siteOrigin = `http://127.0.0.1:${site.address().port}`;
    browser = await chromium.launch({
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });

  after(async () => {
    await browser?.close();
    site?.close().closeAllConnections();
    await database?.drop();
  });

  /** serveFile is the static site. Its page reads from the address in the query string. */
  function serveFile(request, response) {
    const { pathname, searchParams } = new URL(request.url, siteOrigin);
    if (pathname === "/") {
      const [, page] = readFileSync(here("../docs/clients.md"), "utf8").match(/^```html\n(.*?)^```$/ms);
      response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
      response.end(page.replace("http://localhost:8080", searchParams.get("api")));
    } else {
      const found = pathname === library;
      response.writeHead(found ? 200 : 404, { "Content-Type": "text/javascript" });
      response.end(found ? readFileSync(here(`.${library}`)) : "");
    }
  }

  /** open starts readapi and opens the page, both until the test ends. */
  async function open(t, environment) {
    const gate = new Gate(database.address);
    await gate.open();
    const server = await Readapi.start({ ...database.environment(gate.address), LOG_LEVEL: "debug", ...environment });
    const context = await browser.newContext();
    t.after(async () => {
      await context.close();
      await server.stop();
      await gate.close();
    });
    const page = await context.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(error));
    await page.goto(`${siteOrigin}/?api=${server.origin}`);
    await page.waitForFunction(() => document.body.textContent);
    assert.deepEqual(errors, []);
    return { gate, server, page, text: await page.textContent("body") };
  }

  /**
   * read runs a read in the page, without retries unless they are asked for, and returns the response. The names are
   * those of the client's methods, in their order, with their arguments.
   */
  function read(page, server, calls, { headers, retry = false } = {}) {
    return page.evaluate(async ([library, url, calls, options]) => {
      const { PostgrestClient } = await import(library);
      let builder = new PostgrestClient(url, options);
      for (const [method, ...values] of calls) builder = builder[method](...values);
      return await builder;
    }, [library, server.url, calls, { headers, retry }]);
  }

  const sample = ["from", "sample"];

  const huts = "8 of 8: Bivacco Gervasutti,Refugio de Góriz,Chata pod Rysmi,Triglavski dom na Kredarici," +
    "Rifugio Lagazuoi,槍ヶ岳山荘,Refuge du Goûter,Capanna Regina Margherita";

  test("the page of docs/clients.md", async (t) => {
    const { text } = await open(t);
    assert.equal(text, huts);
  });

  test("count is visible", async (t) => {
    const { page, server } = await open(t);
    const { data, count, status } = await read(page, server, [
      sample, ["select", "id", { count: "exact" }], ["order", "id"], ["range", 2, 3],
    ]);
    assert.deepEqual({ data, count, status }, { data: [{ id: 3 }, { id: 4 }], count: 12, status: 206 });
    assert.match(server.log, /method=OPTIONS path=\/read\/sample .*status=204/); // Prefer wants a preflight
    const head = await read(page, server, [sample, ["select", "*", { count: "exact", head: true }]]);
    assert.deepEqual({ data: head.data, count: head.count }, { data: null, count: 12 });
  });

  test("one row, CSV, a schema", async (t) => {
    const { page, server } = await open(t);
    const one = await read(page, server, [sample, ["select", "name"], ["eq", "id", 11], ["single"]]);
    assert.deepEqual(one.data, { name: "Mueller Hut" });
    const csv = await read(page, server, [sample, ["select", "id,name"], ["eq", "country", "NO"], ["csv"]]);
    assert.equal(csv.data, "id,name\r\n7,Gjendesheim\r\n");
    const schema = await read(page, server, [["schema", "public"], sample, ["select", "id"], ["limit", 1]]);
    assert.equal(schema.data.length, 1);
  });

  test("related tables, spreads, aggregates and JSON", async (t) => {
    const [[{ comment }]] = await database.admin.query("SELECT @@version_comment AS comment");
    if (comment === "Dolt") return t.skip("the embedded engine cannot do this");
    const { page, server } = await open(t, { DB_TABLES: "sample,regions,huts" });
    const tests = [
      [[["from", "huts"], ["select", "name,regions(name)"], ["eq", "id", 1]],
        [{ name: "Rifugio Lagazuoi", regions: { name: "Dolomites" } }]],
      [[["from", "regions"], ["select", "name,huts(name)"], ["eq", "id", 3], ["order", "id", { referencedTable: "huts" }]],
        [{ name: "Mont Blanc", huts: [{ name: "Refuge du Goûter" }, { name: "Bivacco Gervasutti" }] }]],
      [[["from", "huts"], ["select", "name,...regions!inner(region:name)"], ["eq", "regions.id", 2]],
        [{ name: "Capanna Regina Margherita", region: "Pennine Alps" }]],
      [[["from", "regions"], ["select", "name,huts(count(),price.max())"], ["eq", "id", 3]],
        [{ name: "Mont Blanc", huts: [{ count: 2, max: 95.5 }] }]],
    ];
    for (const [calls, want] of tests) {
      const { data, error } = await read(page, server, calls);
      assert.deepEqual({ data, error }, { data: want, error: null });
    }
    const { error, status } = await read(page, server, [["from", "huts"], ["select", "name,region(name)"]]);
    assert.deepEqual({ status, code: error.code, hint: error.hint }, { status: 400, code: "PGRST200", hint: 'Perhaps you meant "regions".' });
  });

  test("errors are readable", async (t) => {
    const { page, server } = await open(t);
    const tests = [
      [[sample, ["select", "nmae"]], 400, "42703"],
      [[sample, ["select"], ["textSearch", "notes", "sauna"]], 400, "PGRST100"],
      [[sample, ["select"], ["single"]], 406, "PGRST116"],
      [[["from", "secret"], ["select"]], 404, "PGRST205"],
      [[sample, ["insert", { id: 1 }]], 405, "PGRST117"],
      [[sample, ["delete"], ["eq", "id", 1]], 0, ""], // the preflight allows no DELETE
    ];
    for (const [calls, want, code] of tests) {
      const { data, error, status } = await read(page, server, calls);
      assert.deepEqual({ data, status, code: error.code }, { data: null, status: want, code });
    }
  });

  test("tokens pass the preflight", async (t) => {
    const { page, server, text } = await open(t, { API_TOKENS: "right" });
    assert.equal(text, "This server wants a token.");
    const headers = { Authorization: "Bearer right", apikey: "right", "X-Client-Info": "supabase-js-web/2" };
    const { data } = await read(page, server, [sample, ["select", "id"]], { headers });
    assert.equal(data.length, 12);
    headers.Authorization = "Bearer wrong";
    const { error, status } = await read(page, server, [sample, ["select", "id"]], { headers });
    assert.deepEqual({ status, code: error.code }, { status: 401, code: "PGRST301" });
  });

  test("a retry after 503 passes the preflight", async (t) => {
    const { gate, page, server } = await open(t, { DB_TIMEOUT: "2s" });
    await gate.close();
    const retries = [];
    page.on("response", async (response) => {
      if (response.status() === 503 && !gate.listener.listening) await gate.open();
      retries.push(response.request().headers()["x-retry-count"]);
    });
    const { data } = await read(page, server, [sample, ["select", "id"], ["gt", "id", 0]], { retry: true });
    assert.equal(data.length, 12);
    assert.ok(retries.includes("1"), `X-Retry-Count: ${retries}`);
  });

  test("only the origins of CORS_ORIGINS", async (t) => {
    const { page, text } = await open(t, { CORS_ORIGINS: `https://example.com,${siteOrigin}` });
    assert.equal(text, huts);
    const strict = await Readapi.start({ ...database.environment(), CORS_ORIGINS: "https://example.com" });
    t.after(() => strict.stop());
    const { data, error, status } = await read(page, strict, [sample, ["select", "id"]]);
    assert.deepEqual({ data, status }, { data: null, status: 0 });
    assert.match(error.message, /Failed to fetch/);
  });
});

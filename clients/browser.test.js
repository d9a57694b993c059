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

  /** serveFile is the static site: the page of docs/clients.md, and that of README.md. It reads from the address in the query string. */
  function serveFile(request, response) {
    const { pathname, searchParams } = new URL(request.url, siteOrigin);
    if (pathname === "/" || pathname === "/live") {
      const file = pathname === "/" ? "../docs/clients.md" : "../README.md";
      const [, page] = readFileSync(here(file), "utf8").match(/^```html\n(.*?)^```$/ms);
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

  /** watch opens an EventSource in the page, which notes events and the ends of streams. */
  function watch(page, url) {
    return page.evaluate((url) => {
      window.told = [];
      window.ends = 0;
      window.events = new EventSource(url);
      window.events.onmessage = ({ data, lastEventId }) => window.told.push({ data, lastEventId });
      window.events.onerror = () => window.ends++;
    }, url);
  }

  /** told waits until the page has had a number of events, and returns the last one and how long that took. */
  async function told(page, number) {
    const begun = Date.now();
    await page.waitForFunction((number) => window.told.length >= number, number, { polling: 10 });
    const events = await page.evaluate(() => window.told);
    assert.equal(events.length, number);
    return { ...events.at(-1), after: Date.now() - begun };
  }

  test("a live table", async (t) => {
    const interval = 1000;
    const { page, server } = await open(t, { LIVE_INTERVAL: `${interval}ms` });
    const [, port] = server.origin.match(/:(\d+)$/);
    const url = `${server.url}/sample?select=id,price&order=id&limit=2`;
    const get = async () => {
      const response = await fetch(url);
      return { data: (await response.text()).trimEnd(), lastEventId: response.headers.get("etag") };
    };
    const reprice = async (price) => {
      await database.admin.query("UPDATE sample SET price = ? WHERE id = 1", [price]);
    };
    t.after(() => reprice("42.00"));

    await watch(page, url);
    const first = await told(page, 1);
    assert.deepEqual({ data: first.data, lastEventId: first.lastEventId }, await get());

    await reprice("43.25");
    const second = await told(page, 2);
    assert.deepEqual({ data: second.data, lastEventId: second.lastEventId }, await get());
    assert.match(second.data, /43\.25/);
    assert.ok(second.after <= interval + 1000, `a change took ${second.after} ms`);
    t.diagnostic(`a change was there after ${second.after} ms`);

    // restart stops a server and starts another one on its port.
    const restart = async (server, meanwhile) => {
      const ends = await page.evaluate(() => window.ends);
      assert.equal(await server.stop(), 0);
      await meanwhile?.();
      const again = await Readapi.start({
        ...database.environment(), LIVE_INTERVAL: `${interval}ms`, ADDR: `127.0.0.1:${port}`,
      });
      t.after(() => again.stop());
      await page.waitForFunction((ends) => window.ends > ends && window.events.readyState === EventSource.OPEN, ends);
      return again;
    };
    // Without a change the page is told nothing.
    const asked = [];
    page.on("request", (request) => asked.push(request.allHeaders()));
    const again = await restart(server);
    const headers = await Promise.all(asked);
    assert.equal(headers.at(-1)["last-event-id"], second.lastEventId);
    await reprice("44.75");
    assert.match((await told(page, 3)).data, /44\.75/);
    await restart(again, () => reprice("45.50"));
    assert.match((await told(page, 4)).data, /45\.50/);
  });

  test("the page of README.md", async (t) => {
    const { page, server } = await open(t);
    await page.goto(`${siteOrigin}/live?api=${server.origin}`);
    const shows = (text) => page.waitForFunction((text) => document.querySelector("pre").textContent.includes(text), text);
    await shows('{"name":"Rifugio Lagazuoi","price":42.00}');
    t.after(() => database.admin.query("UPDATE sample SET price = 42 WHERE id = 1"));
    await database.admin.query("UPDATE sample SET price = 43 WHERE id = 1");
    await shows('{"name":"Rifugio Lagazuoi","price":43.00}');
    const rows = JSON.parse(await page.textContent("pre"));
    assert.deepEqual(rows.map(({ price }) => price), [43, 110, 95.5]);
  });

  test("a live table outlives a server that is slow to stop", async (t) => {
    const { gate, page, server } = await open(t);
    await watch(page, `${server.url}/sample?select=id&order=id`);
    await told(page, 1);
    gate.hold(); // a read is under way, so that the server stops, but listens
    const asked = once(gate, "asked");
    fetch(`${server.url}/sample?id=gt.0`).catch(() => {});
    await asked;
    server.child.kill("SIGTERM");
    await page.waitForFunction(() => window.ends >= 3, null, { polling: 50 }); // it has come back while the server stops
    assert.notEqual(await page.evaluate(() => window.events.readyState), 2, "the page has given up");
    gate.release();
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

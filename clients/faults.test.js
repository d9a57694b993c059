// This file tests what the client sees when a read cannot be answered, or not at
// once: tokens, a database that is not there yet, a server that is busy or stops,
// a result that breaks off, a client that does not wait. A gate between readapi
// and the database makes each of these happen on purpose.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { PostgrestClient } from "@supabase/postgrest-js";
import { Database, Gate, Readapi } from "./harness.js";

let database;

before(async () => {
  database = await Database.create("sample.sql");
});

after(() => database?.drop());

/** serve starts readapi behind a gate, both until the test ends. The gate may be closed at first. */
async function serve(t, environment, { closed = false } = {}) {
  const gate = new Gate(database.address);
  await gate.open();
  if (closed) await gate.close();
  const server = await Readapi.start({ ...database.environment(gate.address), ...environment });
  t.after(async () => {
    gate.release();
    await server.stop();
    await gate.close();
  });
  return { gate, server, sample: new PostgrestClient(server.url).from("sample") };
}

/** count awaits the number of rows of a read that succeeds. */
async function count(builder) {
  const { data, error } = await builder;
  assert.equal(error, null);
  return data.length;
}

/** connect returns once readapi is connected: what the gate hears from then on are reads. */
async function connect(server, sample) {
  await server.logged(/msg="connected to the database"/);
  assert.equal(await count(sample.select("id")), 8);
}

/** start sends a read, which a builder does only when it is awaited. */
const start = (builder) => builder.then((response) => response);

/** retries makes a fetch that calls refused after each 503 and counts what was sent. */
function retries(refused) {
  const sent = [];
  return {
    sent,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      sent.push({ status: response.status, retry: init.headers["X-Retry-Count"] });
      if (response.status === 503) await refused();
      return response;
    },
  };
}

describe("tokens", () => {
  const tests = [
    ["the first", { Authorization: "Bearer one" }, 200],
    ["the second, with the headers of supabase-js", {
      Authorization: "Bearer two", apikey: "anything", "X-Client-Info": "supabase-js-web/2",
    }, 200],
    ["a wrong one", { Authorization: "Bearer three" }, 401],
    ["apikey alone", { apikey: "one" }, 401],
    ["none", {}, 401],
  ];
  for (const [name, headers, want] of tests) {
    test(name, async (t) => {
      const { server } = await serve(t, { API_TOKENS: "one,two" });
      const { data, error, status } = await new PostgrestClient(server.url, { headers }).from("sample").select("id");
      assert.equal(status, want);
      assert.equal(data?.length, want === 200 ? 8 : undefined);
      assert.equal(error?.code, want === 200 ? undefined : "PGRST301");
      if (error) assert.match(error.hint, /Authorization: Bearer/);
    });
  }
  test("set for one request", async (t) => {
    const { sample } = await serve(t, { API_TOKENS: "one" });
    assert.equal(await count(sample.select("id").setHeader("Authorization", "Bearer one")), 8);
  });
});

describe("503", () => {
  test("a database that comes later: the client tries again", async (t) => {
    const { gate, server } = await serve(t, { DB_TIMEOUT: "1s" }, { closed: true });
    const { sent, fetch } = retries(async () => {
      if (!gate.listener.listening) await gate.open();
      await server.logged(/msg="connected to the database"/);
    });
    assert.equal(await count(new PostgrestClient(server.url, { fetch }).from("sample").select("id")), 8);
    assert.deepEqual(sent.at(0), { status: 503, retry: undefined });
    assert.deepEqual(sent.at(-1), { status: 200, retry: String(sent.length - 1) });
  });

  test("without retries it is an error object", async (t) => {
    const { sample } = await serve(t, { DB_TIMEOUT: "1s" }, { closed: true });
    const { data, error, status } = await sample.select("id").retry(false);
    assert.deepEqual({ data, status }, { data: null, status: 503 });
    assert.deepEqual(error, {
      code: "PGRST001",
      message: "The database cannot be reached.",
      details: null,
      hint: "Try again shortly.",
    });
  });

  test("a busy server: the client tries again", async (t) => {
    const { gate, server, sample } = await serve(t, { MAX_IN_FLIGHT: "1" });
    await connect(server, sample);
    gate.hold();
    const first = start(sample.select("id").eq("id", 1));
    await once(gate, "asked");
    const { sent, fetch } = retries(async () => {
      gate.release();
      await first;
    });
    assert.equal(await count(new PostgrestClient(server.url, { fetch }).from("sample").select("id")), 8);
    assert.deepEqual(sent, [{ status: 503, retry: undefined }, { status: 200, retry: "1" }]);
    assert.equal(await count(first), 1);
  });

  test("a server that stops: what is under way is answered", async (t) => {
    const { gate, server, sample } = await serve(t);
    await connect(server, sample);
    gate.hold();
    const first = start(sample.select("id").eq("id", 1));
    await once(gate, "asked");
    const ended = server.stop();
    while (!(await (await fetch(`${server.origin}/readyz`)).text()).includes("57P01")); // until it stops
    const { data, error, status } = await sample.select("id").retry(false);
    assert.deepEqual({ data, status }, { data: null, status: 503 });
    assert.equal(error.code, "57P01");
    gate.release();
    assert.equal(await count(first), 1);
    assert.equal(await ended, 0);
  });
});

describe("a read that ends early", () => {
  test("a result that breaks off is an error, never fewer rows", async (t) => {
    const { gate, server, sample } = await serve(t, { DB_TABLES: "sample,big" });
    await connect(server, sample);
    const whole = new PostgrestClient(server.url).from("big").select();
    assert.equal(await count(whole), 256); // the table is known from now on: one read, one query
    gate.holdAfter(2 << 20); // of 4 MiB: readapi sends the first when it has 1
    const cut = async (url, init) => {
      const response = await fetch(url, init);
      gate.release();
      gate.cut();
      return response;
    };
    const { data, error } = await new PostgrestClient(server.url, { fetch: cut }).from("big").select();
    assert.equal(data?.length, undefined);
    assert.match(error.message, /terminated/);
    assert.match(server.log, /msg="request failed".* status=200 /);
    assert.equal(await count(sample.select("id")), 8);
  });

  test("an error of the network is an error object", async (t) => {
    const { server, sample } = await serve(t);
    await server.stop();
    const { data, error, status } = await sample.select("id").retry(false);
    assert.deepEqual({ data, status }, { data: null, status: 0 });
    assert.match(error.message, /fetch failed/);
  });

  test("abortSignal", async (t) => {
    const { gate, server, sample } = await serve(t);
    await connect(server, sample);
    gate.hold();
    const controller = new AbortController();
    const read = start(sample.select("id").eq("id", 1).abortSignal(controller.signal));
    await once(gate, "asked");
    controller.abort();
    const { data, error } = await read;
    assert.equal(data, null);
    assert.match(error.message, /^AbortError/);
    assert.match(error.hint, /aborted/);
    gate.release();
    assert.equal(await count(sample.select("id")), 8);
  });

  test("a signal that has been aborted before", async (t) => {
    const { sample } = await serve(t);
    const { error } = await sample.select("id").abortSignal(AbortSignal.abort());
    assert.match(error.message, /^AbortError/);
  });

  test("the client's timeout", async (t) => {
    const { gate, server, sample } = await serve(t);
    await connect(server, sample);
    gate.hold();
    const hasty = new PostgrestClient(server.url, { timeout: 50 }).from("sample");
    const { data, error } = await hasty.select("id").eq("id", 1).retry(false);
    assert.equal(data, null);
    assert.match(error.message, /^AbortError/);
    gate.release();
    assert.equal(await count(sample.select("id")), 8);
  });
});

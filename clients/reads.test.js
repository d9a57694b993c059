// This file tests what the client asks for beside filters: columns, order, pages,
// counts, one row instead of many, CSV, schemas; and that all errors are objects
// with the four members of PostgREST's.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PostgrestClient, PostgrestError } from "@supabase/postgrest-js";
import { Database, Readapi } from "./harness.js";

let database, server, api, sample;

before(async () => {
  database = await Database.create("sample.sql");
  server = await Readapi.start({ ...database.environment(), DB_TABLES: "sample,other,big" });
  api = new PostgrestClient(server.url);
  sample = api.from("sample");
});

after(async () => {
  await server?.stop();
  await database?.drop();
});

const ids = (rows) => rows.map((row) => row.id);
const ada = {
  id: 1,
  name: "Ada, Countess",
  city: "London",
  age: 36,
  price: 12.5,
  active: 1,
  born: "1815-12-10",
  seen_at: "2024-02-29T23:59:59Z",
  big: null,
  order: 3,
  "odd, name": "x",
};

/** rows awaits a read that succeeds. */
async function rows(builder, status = 200) {
  const response = await builder;
  assert.equal(response.error, null);
  assert.equal(response.status, status);
  return response.data;
}

describe("select", () => {
  test("all columns, with their types", async () => {
    const data = await rows(sample.select());
    assert.equal(data.length, 8);
    assert.deepEqual(data[0], ada);
    assert.deepEqual(Object.keys(data[0]), Object.keys(ada));
  });
  test("the first table is also /read", async () => {
    assert.deepEqual(await rows(new PostgrestClient(server.origin).from("read").select().eq("id", 1)), [ada]);
  });
  test("another table", async () => {
    assert.deepEqual(await rows(api.from("other").select()), [{ id: 1, sample_id: 1 }]);
  });
  test("columns, white space", async () => {
    assert.deepEqual(await rows(sample.select("name, id").eq("id", 8)), [{ name: "beyond", id: 8 }]);
  });
  test("alias, cast to text", async () => {
    const data = await rows(sample.select("key:id, big::text, amount:price::text").eq("id", 8));
    assert.deepEqual(data, [{ key: 8, big: "9007199254740993", amount: "0.10" }]);
  });
  test("columns in quotes, reserved words", async () => {
    const data = await rows(sample.select('order, odd:"odd, name", "odd, name"').eq("id", 6));
    assert.deepEqual(data, [{ order: 6, odd: "a,b", "odd, name": "a,b" }]);
  });
  test("all and one more", async () => {
    assert.deepEqual(await rows(sample.select("*, key:id").eq("id", 1)), [{ ...ada, key: 1 }]);
  });
  test("a result of 4 MiB is complete", async () => {
    const data = await rows(api.from("big").select());
    assert.deepEqual(ids(data).sort((a, b) => a - b), Array.from({ length: 256 }, (_, i) => i + 1));
    assert.ok(data.every(({ filler }) => filler.length === 16384));
  });
});

describe("order", () => {
  const tests = [
    ["ascending, NULL first as in MySQL", (q) => q.order("age").order("id"), [4, 5, 7, 1, 6, 2, 8, 3]],
    ["descending, NULL last", (q) => q.order("age", { ascending: false }).order("id"), [3, 8, 2, 1, 6, 7, 5, 4]],
    ["ascending, NULL last", (q) => q.order("age", { nullsFirst: false }).order("id"), [5, 7, 1, 6, 2, 8, 3, 4]],
    ["ascending, NULL first", (q) => q.order("age", { nullsFirst: true }).order("id"), [4, 5, 7, 1, 6, 2, 8, 3]],
    [
      "descending, NULL first",
      (q) => q.order("age", { ascending: false, nullsFirst: true }).order("id", { ascending: false }),
      [4, 3, 8, 2, 6, 1, 7, 5],
    ],
    [
      "descending, NULL last by name",
      (q) => q.order("age", { ascending: false, nullsFirst: false }).order("id", { ascending: false }),
      [3, 8, 2, 6, 1, 7, 5, 4],
    ],
    ["a reserved word", (q) => q.order("order"), [2, 3, 1, 5, 4, 6, 7, 8]],
    ["a column in quotes", (q) => q.order('"odd, name"', { nullsFirst: false }).limit(4), [5, 6, 1, 3]],
  ];
  for (const [name, ask, want] of tests) {
    test(name, async () => assert.deepEqual(ids(await rows(ask(sample.select("id")))), want));
  }
});

describe("pages and counts", () => {
  const ordered = (options) => sample.select("id", options).order("id");
  const tests = [
    ["limit", () => ordered().limit(2), { ids: [1, 2] }],
    ["limit 0", () => ordered().limit(0), { ids: [] }],
    ["range", () => ordered().range(2, 4), { ids: [3, 4, 5] }],
    ["range over the end", () => ordered().range(6, 99), { ids: [7, 8] }],
    ["range past the end", () => ordered().range(20, 29), { ids: [] }],
    ["count: exact", () => ordered({ count: "exact" }), { ids: [1, 2, 3, 4, 5, 6, 7, 8], count: 8 }],
    ["count: planned", () => ordered({ count: "planned" }).gt("id", 6), { ids: [7, 8], count: 2 }],
    ["count: estimated", () => ordered({ count: "estimated" }).gt("id", 6), { ids: [7, 8], count: 2 }],
    ["count: a part", () => ordered({ count: "exact" }).range(2, 4), { ids: [3, 4, 5], count: 8, status: 206 }],
    [
      "count: a part of what matches",
      () => ordered({ count: "exact" }).gt("id", 2).limit(1),
      { ids: [3], count: 6, status: 206 },
    ],
    ["count: at the end", () => ordered({ count: "exact" }).range(8, 9), { ids: [], count: 8, status: 206 }],
    ["count: limit 0", () => ordered({ count: "exact" }).limit(0), { ids: [], count: 8, status: 206 }],
    ["count: nothing matches", () => ordered({ count: "exact" }).eq("id", 99), { ids: [], count: 0 }],
    ["head", () => ordered({ head: true }), { ids: null }],
    ["head with count", () => ordered({ head: true, count: "exact" }), { ids: null, count: 8 }],
    ["head with count and filter", () => ordered({ head: true, count: "exact" }).lt("id", 3), { ids: null, count: 2 }],
  ];
  for (const [name, read, want] of tests) {
    test(name, async () => {
      const { data, error, count, status } = await read();
      assert.equal(error, null);
      assert.deepEqual({ ids: data && ids(data), count, status }, { count: null, status: 200, ...want });
    });
  }
  test("count: past the end is an error", async () => {
    const { data, error, count, status } = await ordered({ count: "exact" }).range(20, 29);
    assert.deepEqual({ data, count, status }, { data: null, count: null, status: 416 });
    assert.equal(error.code, "PGRST103");
    assert.equal(error.details, "An offset of 20 was requested, but there are only 8 rows.");
  });
});

describe("one row", () => {
  const where = (min) => sample.select("id").gte("id", min);
  test("single", async () => assert.deepEqual(await rows(where(8).single()), { id: 8 }));
  test("single with limit", async () => {
    assert.deepEqual(await rows(where(1).order("id").limit(1).single()), { id: 1 });
  });
  for (const [min, n] of [[99, 0], [7, 2], [1, 8]]) {
    test(`single of ${n}`, async () => {
      const { data, error, status } = await where(min).single();
      assert.deepEqual({ data, status }, { data: null, status: 406 });
      assert.deepEqual(error, {
        code: "PGRST116",
        message: "Cannot coerce the result to a single JSON object",
        details: `The result contains ${n} rows`,
        hint: null,
      });
    });
  }
  test("single with count", async () => {
    const { data, count } = await sample.select("id", { count: "exact" }).eq("id", 1).single();
    assert.deepEqual({ data, count }, { data: { id: 1 }, count: 1 });
  });
  test("maybeSingle", async () => assert.deepEqual(await rows(where(8).maybeSingle()), { id: 8 }));
  test("maybeSingle of 0", async () => assert.equal(await rows(where(99).maybeSingle()), null));
  test("maybeSingle of 2", async () => {
    const { data, error } = await where(7).maybeSingle();
    assert.equal(data, null);
    assert.equal(error.code, "PGRST116");
  });
  test("as older clients ask for maybeSingle", async () => { // they look for "0 rows" in the details
    const { error, status } = await where(99).setHeader("Accept", "application/vnd.pgrst.object+json");
    assert.equal(status, 406);
    assert.match(error.details, /0 rows/);
  });
});

describe("other forms", () => {
  test("csv", async () => {
    const builder = sample.select('id, name, city, price, "odd, name"').in("id", [1, 2, 4, 5, 6]).order("id");
    assert.equal(await rows(builder.csv()), [
      'id,name,city,price,"odd, name"',
      '1,"Ada, Countess",London,12.50,x',
      '2,"O""Brien",Dublin,0.00,',
      "4,back\\slash,,,",
      '5,100% *sure*,Paris,-1.00,""',
      '6,Ünï 🧖,London,1000000.01,"a,b"',
      "",
    ].join("\r\n"));
  });
  test("csv of nothing has the names", async () => {
    assert.equal(await rows(sample.select("id,name").eq("id", 99).csv()), "id,name\r\n");
  });
  test("csv with count", async () => {
    const { data, count, status } = await sample.select("id", { count: "exact" }).order("id").limit(1).csv();
    assert.deepEqual({ data, count, status }, { data: "id\r\n1\r\n", count: 8, status: 206 });
  });
  test("stripNulls", async () => {
    const data = await rows(sample.select("id,city,big").in("id", [4, 7]).order("id").stripNulls());
    assert.deepEqual(data, [{ id: 4 }, { id: 7, city: "null", big: 9007199254740992 }]);
  });
  test("stripNulls with single", async () => {
    assert.deepEqual(await rows(sample.select("id,city,big").eq("id", 4).single().stripNulls()), { id: 4 });
  });
});

describe("schema", () => {
  test("public", async () => {
    assert.equal((await rows(api.schema("public").from("sample").select("id"))).length, 8);
  });
  test("the name of the database", async () => {
    assert.equal((await rows(api.schema(database.name).from("sample").select("id"))).length, 8);
  });
});

describe("errors", () => {
  const search = (options) => sample.select().textSearch("name", "a", options);
  const tests = [
    // [name, read, status, code, what message and hint say]
    ["unknown column in select", () => sample.select("id,nmae"), 400, "42703", /nmae/, /name/],
    ["unknown column in a filter", () => sample.select().eq("ctiy", 1), 400, "42703", /ctiy/, /city/],
    ["unknown column in order", () => sample.select().order("agee"), 400, "42703", /agee/, /age/],
    ["unknown column in or", () => sample.select().or("id.eq.1,bron.is.null"), 400, "42703", /bron/, /born/],
    ["unknown column with head", () => sample.select("nmae", { head: true }), 400],
    ["unknown operator", () => sample.select().filter("id", "equals", 1), 400, "PGRST100", /equals/],
    ["embedding", () => sample.select("id,other(*)"), 400, "PGRST200", /other/],
    ["JSON path", () => sample.select("name->a"), 400, "PGRST100", /JSON/],
    ["cast", () => sample.select("id::int"), 400, "PGRST100", /text/],
    ["order of another table", () => sample.select().order("id", { referencedTable: "other" }), 400, "PGRST108"],
    ["limit of another table", () => sample.select().limit(1, { referencedTable: "other" }), 400, "PGRST108"],
    ["limit -1", () => sample.select().limit(-1), 416, "PGRST103"],
    ["limit NaN", () => sample.select().limit(NaN), 400, "PGRST100", /whole number/],
    ["textSearch", () => search(), 400, "PGRST100"],
    ["textSearch plain", () => search({ type: "plain" }), 400, "PGRST100"],
    ["textSearch phrase", () => search({ type: "phrase" }), 400, "PGRST100"],
    ["textSearch websearch", () => search({ type: "websearch", config: "english" }), 400, "PGRST100"],
    ["contains", () => sample.select().contains("name", ["a"]), 400, "PGRST100", /JSON/],
    ["containedBy", () => sample.select().containedBy("name", ["a"]), 400, "PGRST100", /JSON/],
    ["overlaps", () => sample.select().overlaps("name", ["a"]), 400, "PGRST100", /"ov"/],
    ["rangeGt", () => sample.select().rangeGt("age", "[1,2)"), 400, "PGRST100", /"sr"/],
    ["rangeGte", () => sample.select().rangeGte("age", "[1,2)"), 400, "PGRST100", /"nxl"/],
    ["rangeLt", () => sample.select().rangeLt("age", "[1,2)"), 400, "PGRST100", /"sl"/],
    ["rangeLte", () => sample.select().rangeLte("age", "[1,2)"), 400, "PGRST100", /"nxr"/],
    ["rangeAdjacent", () => sample.select().rangeAdjacent("age", "[1,2)"), 400, "PGRST100", /"adj"/],
    ["explain", () => sample.select().explain(), 406, "PGRST107"],
    ["geojson", () => sample.select().geojson(), 406, "PGRST107"],
    ["unknown schema", () => api.schema("secret").from("sample").select(), 406, "PGRST106"],
    ["table that is not listed", () => api.from("hidden").select(), 404, "PGRST205"],
    ["table that does not exist", () => api.from("nothing").select(), 404, "PGRST205"],
    ["rpc", () => api.rpc("sleep", { seconds: 1 }), 404, "PGRST205"],
    ["insert", () => sample.insert({ id: 9 }), 405, "PGRST117"],
    ["upsert", () => sample.upsert({ id: 9 }), 405, "PGRST117"],
    ["update", () => sample.update({ age: 1 }).eq("id", 1), 405, "PGRST117"],
    ["delete", () => sample.delete().eq("id", 1), 405, "PGRST117"],
  ];
  for (const [name, read, status, code, message = /^/, hint = /^/] of tests) {
    test(name, async () => {
      const response = await read();
      assert.equal(response.data, null);
      assert.equal(response.status, status);
      if (!code) return; // HEAD: the body is not there
      assert.deepEqual(Object.keys(response.error).sort(), ["code", "details", "hint", "message"]);
      assert.equal(response.error.code, code);
      assert.match(response.error.message, message);
      assert.match(response.error.hint ?? "", hint);
    });
  }
  test("table that is not listed, head", async () => { // the client takes a 404 without a body for a 204
    const { data, count } = await api.from("hidden").select("*", { head: true, count: "exact" });
    assert.deepEqual({ data, count }, { data: null, count: null });
  });
  test("nothing was written", async () => {
    assert.equal((await rows(sample.select("id"))).length, 8);
  });
  test("throwOnError", async () => {
    await assert.rejects(async () => sample.select("nmae").throwOnError(), (error) => {
      assert.ok(error instanceof PostgrestError);
      assert.equal(error.code, "42703");
      assert.equal(error.message, 'the table has no column "nmae"');
      assert.match(error.details, /position 1/);
      assert.match(error.hint, /name/);
      return true;
    });
    const { data } = await sample.select("id").eq("id", 1).single().throwOnError();
    assert.deepEqual(data, { id: 1 });
  });
});

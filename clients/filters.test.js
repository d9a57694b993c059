// This file tests each filter method of the client: which rows come back, and
// that values arrive as they were given.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PostgrestClient } from "@supabase/postgrest-js";
import { Database, Readapi } from "./harness.js";

let database, server, sample;

before(async () => {
  database = await Database.create("sample.sql");
  server = await Readapi.start(database.environment());
  sample = new PostgrestClient(server.url).from("sample");
});

after(async () => {
  await server?.stop();
  await database?.drop();
});

const all = [1, 2, 3, 4, 5, 6, 7, 8];

const tests = [
  // eq, neq, gt, gte, lt, lte
  ["eq", (q) => q.eq("city", "London"), [1, 6]],
  ["eq: number", (q) => q.eq("age", 36), [1, 6]],
  ["eq: decimal", (q) => q.eq("price", 0.1), [8]],
  ["eq: boolean", (q) => q.eq("active", true), [1, 3, 6, 8]],
  ["eq: date", (q) => q.eq("born", "2000-02-29"), [5]],
  ["eq: instant", (q) => q.eq("seen_at", "2024-02-29T23:59:59Z"), [1]],
  ["eq: instant with an offset", (q) => q.eq("seen_at", "2024-03-01T01:59:59+02:00"), [1]],
  ["eq: instant of Date", (q) => q.eq("seen_at", new Date(Date.UTC(2024, 1, 29, 23, 59, 59)).toISOString()), [1]],
  ["eq: comma", (q) => q.eq("name", "Ada, Countess"), [1]],
  ["eq: quote", (q) => q.eq("name", 'O"Brien'), [2]],
  ["eq: parentheses", (q) => q.eq("name", "Grace (Admiral)"), [3]],
  ["eq: backslash", (q) => q.eq("name", "back\\slash"), [4]],
  ["eq: percent, asterisk", (q) => q.eq("name", "100% *sure*"), [5]],
  ["eq: beyond ASCII", (q) => q.eq("name", "Ünï 🧖"), [6]],
  ["eq: empty string, column in quotes", (q) => q.eq('"odd, name"', ""), [5]],
  ["eq: odd column without quotes", (q) => q.eq("odd, name", ""), { code: "PGRST100" }],
  ["eq: reserved column in quotes", (q) => q.eq('"order"', 1), [2]],
  ["eq: reserved column without", (q) => q.eq("order", 1), { code: "PGRST100" }],
  ["eq: null is the text", (q) => q.eq("city", null), [7]],
  ["eq: null for a number", (q) => q.eq("age", null), { code: "22P02" }],
  ["eq: text for a number", (q) => q.eq("age", "abc"), { code: "22P02" }],
  ["eq: beyond 2^53", (q) => q.eq("big", "9007199254740993"), [8]],
  ["eq: BigInt", (q) => q.eq("big", 9007199254740992n), [7]],
  ["neq: not NULL either", (q) => q.neq("city", "London"), [2, 3, 5, 7, 8]],
  ["gt", (q) => q.gt("age", 41), [3, 8]],
  ["gt: beyond 2^53", (q) => q.gt("big", "9007199254740992"), [8]],
  ["gte", (q) => q.gte("age", 41), [2, 3, 8]],
  ["lt", (q) => q.lt("price", 0), [5]],
  ["lte", (q) => q.lte("price", 0), [2, 5]],
  ["gte and lt of one column", (q) => q.gte("born", "1900-01-01").lt("born", "1970-01-01"), [2, 3]],

  // like, ilike
  ["like", (q) => q.like("name", "%d%"), [1, 3, 8]],
  ["like: asterisk", (q) => q.like("name", "*d*"), [1, 3, 8]],
  ["like: case counts", (q) => q.like("name", "ada%"), []],
  ["like: percent itself", (q) => q.like("name", "100\\%%"), [5]],
  ["like: number", (q) => q.like("age", "3%"), { code: "PGRST100" }],
  ["ilike", (q) => q.ilike("name", "ADA%"), [1]],
  ["ilike: beyond ASCII", (q) => q.ilike("name", "ÜNÏ*"), [6]],
  ["likeAnyOf", (q) => q.likeAnyOf("name", ["Ada%", "*sure*"]), [1, 5]],
  ["likeAnyOf: comma in quotes", (q) => q.likeAnyOf("name", ['"Ada, *"', "zzz"]), [1]],
  ["likeAllOf", (q) => q.likeAllOf("name", ["%r%", "%e%"]), [2, 3, 5]],
  ["ilikeAnyOf", (q) => q.ilikeAnyOf("name", ["ADA*", "BACK*"]), [1, 4]],
  ["ilikeAllOf", (q) => q.ilikeAllOf("name", ["*RA*", "*ADM*"]), [3]],

  // in, notIn
  ["in", (q) => q.in("id", [1, 3, 99]), [1, 3]],
  ["in: comma", (q) => q.in("name", ["Ada, Countess", "beyond"]), [1, 8]],
  ["in: parentheses", (q) => q.in("name", ["Grace (Admiral)", "beyond"]), [3, 8]],
  ["in: quote", (q) => q.in("name", ['O"Brien', "beyond"]), [2, 8]],
  ["in: backslash", (q) => q.in("name", ["back\\slash"]), [4]],
  ["in: comma and quote, which the client does not escape", (q) => q.in("name", ['"a"b,c']), { code: "PGRST100" }],
  ["in: comma and quote, escaped", (q) => q.filter("name", "in", '("a\\"b,c","Ada, Countess")'), [1]],
  ["in: twice the same", (q) => q.in("city", ["London", "London"]), [1, 6]],
  ["in: null is the text", (q) => q.in("city", [null]), [7]],
  ["in: beyond 2^53", (q) => q.in("big", ["9007199254740993", 0]), [8]],
  ["in: decimals", (q) => q.in("price", [12.5, 0.1]), [1, 8]],
  ["in: nothing", (q) => q.in("id", []), []],
  ["in: 2,000 values", (q) => q.in("id", Array.from({ length: 2000 }, (_, i) => i + 8)), [8]],
  ["in: 4,000 values", (q) => q.in("id", Array.from({ length: 4000 }, (_, i) => i + 8)), { code: "PGRST100" }],
  ["notIn", (q) => q.notIn("id", [1, 2, 3]), [4, 5, 6, 7, 8]],
  ["notIn: comma", (q) => q.notIn("name", ["Ada, Countess"]), [2, 3, 4, 5, 6, 7, 8]],
  ["notIn: nothing", (q) => q.notIn("id", []), all],

  // is, isDistinct
  ["is: null", (q) => q.is("city", null), [4]],
  ["is: true", (q) => q.is("active", true), [1, 3, 6, 8]],
  ["is: false", (q) => q.is("active", false), [2, 5, 7]],
  ["is: true for a text", (q) => q.is("city", true), { code: "PGRST100" }],
  ["isDistinct: with NULL", (q) => q.isDistinct("city", "London"), [2, 3, 4, 5, 7, 8]],

  // not, or, match, filter
  ["not: eq", (q) => q.not("city", "eq", "London"), [2, 3, 5, 7, 8]],
  ["not: is null", (q) => q.not("city", "is", null), [1, 2, 3, 5, 6, 7, 8]],
  ["not: in", (q) => q.not("id", "in", "(1,2)"), [3, 4, 5, 6, 7, 8]],
  ["not: like(any)", (q) => q.not("name", "like(any)", "{*a*,*e*}"), [6, 7]],
  ["or", (q) => q.or("id.eq.1,age.gt.50"), [1, 3, 8]],
  ["or: and within", (q) => q.or("id.eq.2,and(city.eq.London,price.gt.100)"), [2, 6]],
  ["or: not within", (q) => q.or("id.eq.2,not.and(age.gte.0,age.lte.80)"), [2, 3]],
  ["or: quoted values", (q) => q.or('name.eq."Ada, Countess",name.eq."O\\"Brien"'), [1, 2]],
  ["or: in", (q) => q.or('name.in.("Ada, Countess",beyond),age.eq.0'), [1, 5, 8]],
  ["or: is", (q) => q.or("city.is.null,active.is.false"), [2, 4, 5, 7]],
  ["or: like", (q) => q.or("name.ilike.ADA*,name.like(any).{O*,B*}"), [1, 2]],
  ["or: column in quotes", (q) => q.or('"order".eq.1,"odd, name".eq."a,b"'), [2, 6]],
  ["or: twice is and", (q) => q.or("id.eq.1,id.eq.2").or("id.eq.2,id.eq.3"), [2]],
  ["or: with a filter", (q) => q.or("id.eq.1,id.eq.2").eq("city", "Dublin"), [2]],
  ["or: 10 levels", (q) => q.or(`${"and(".repeat(9)}id.eq.1${")".repeat(9)}`), [1]],
  ["or: 11 levels", (q) => q.or(`${"and(".repeat(10)}id.eq.1${")".repeat(10)}`), { code: "PGRST100" }],
  ["or: unclosed", (q) => q.or("and(id.eq.1"), { code: "PGRST100" }],
  ["or: of another table", (q) => q.or("id.eq.1", { referencedTable: "other" }), { code: "PGRST108" }],
  ["match", (q) => q.match({ city: "London", price: 12.5, active: true }), [1]],
  ["match: undefined is left out", (q) => q.match({ city: "London", price: undefined }), [1, 6]],
  ["filter", (q) => q.filter("age", "gte", 53), [3, 8]],
  ["filter: not", (q) => q.filter("city", "not.in", '(London,"New York")'), [2, 5, 7, 8]],
  ["filter: is.not_null", (q) => q.filter("big", "is", "not_null"), [7, 8]],
  ["filter: eq(any)", (q) => q.filter("age", "eq(any)", "{36,85}"), [1, 3, 6]],
  ["filter: gt(all)", (q) => q.filter("age", "gt(all)", "{36,50}"), [3, 8]],
  ["filter: junk behind the list", (q) => q.filter("id", "in", "(1)x"), { code: "PGRST100" }],
  ["no filter", (q) => q, all],
];

for (const [name, ask, want] of tests) {
  test(name, async () => {
    const { data, error, status } = await ask(sample.select("id").order("id"));
    if (Array.isArray(want)) {
      assert.equal(error, null);
      assert.deepEqual(data.map((row) => row.id), want);
      assert.equal(status, 200);
    } else {
      assert.equal(data, null);
      assert.equal(error?.code, want.code, error?.message);
      assert.equal(status, 400);
    }
  });
}

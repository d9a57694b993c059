// This file tests what describes the tables: that the OpenAPI document is right by
// Redocly's rules, and that the types which readapi -types and openapi-typescript
// make compile under --strict, with the reads in types/, and are those of what comes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Database, Readapi, here, output } from "./harness.js";

const tables = 'author,profile,book,tag,book_tag,cheap,odd {name} "1",Error';
const run = promisify(execFile);

let database, server, embedded;

before(async () => {
  database = await Database.create("library.sql");
  const [[{ comment }]] = await database.admin.query("SELECT @@version_comment AS comment");
  embedded = comment === "Dolt" && "the embedded engine describes no views, and tells less of keys";
  server = await Readapi.start({ ...database.environment(), DB_TABLES: tables });
  mkdirSync(here("build"), { recursive: true });
});

after(async () => {
  await server?.stop();
  await database?.drop();
});

/** node runs a program of a package, and shows what it says if it fails. */
async function node(...args) {
  try {
    return await run(process.execPath, args, {
      cwd: here("."),
      env: { ...process.env, CI: "true", REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
    });
  } catch (error) {
    assert.fail(`${args[0]}: ${error.stdout}${error.stderr}`);
  }
}

test("the document has no fault by Redocly's rules", async () => {
  const open = await (await fetch(`${server.url}/`)).text();
  const closed = await Readapi.start({ ...database.environment(), DB_TABLES: tables, API_TOKENS: "a,b" });
  const response = await fetch(`${closed.url}/`, { headers: { Authorization: "Bearer b" } });
  await closed.stop();
  writeFileSync(here("build/openapi.json"), open);
  writeFileSync(here("build/openapi-token.json"), await response.text());
  await node("node_modules/@redocly/cli/bin/cli.js", "lint", "--extends=recommended", "build/openapi.json", "build/openapi-token.json");
});

test("the types compile with what is right, without what is wrong, and are those of the rows", async (t) => {
  if (embedded) return t.skip(embedded);
  const environment = { ...database.environment(), DB_TABLES: tables };
  const types = await output(environment, "-types");
  assert.equal(await output(environment, "-types"), types);
  writeFileSync(here("build/database.types.ts"), types);
  writeFileSync(here("build/openapi.json"), await (await fetch(`${server.url}/`)).text());
  await node("node_modules/openapi-typescript/bin/cli.js", "build/openapi.json", "-o", "build/openapi.ts");
  await node("node_modules/typescript/bin/tsc", "-p", "types");

  const postgrest = await import("./build/js/types/postgrest.js");
  assert.deepEqual(JSON.parse(JSON.stringify(await postgrest.right(server.url))), {
    columns: [
      { id: 1, title: "Notes", price: 12.5, format: "paper", added: "2024-02-29T12:00:00Z", cover: "AP8=" },
      { id: 2, title: "Compilers", price: 20, format: "e-book", added: null, cover: null },
      { id: 3, title: 'Nanoseconds, "short"', price: null, format: "paper", added: null, cover: null },
    ],
    toOne: [
      { title: "Notes", author: { name: "Ada", born: "1815-12-10" } },
      { title: "Compilers", author: { name: "Grace", born: "1906-12-09" } },
      { title: 'Nanoseconds, "short"', author: { name: "Grace", born: "1906-12-09" } },
    ],
    nullable: [
      { title: "Notes", editor: null },
      { title: "Compilers", editor: { name: "Ada" } },
      { title: 'Nanoseconds, "short"', editor: null },
    ],
    toMany: [
      { name: "Ada", book: [{ title: "Notes" }] },
      { name: "Grace", book: [{ title: "Compilers" }, { title: 'Nanoseconds, "short"' }] },
      { name: "Nobody", book: [] },
    ],
    oneToOne: [
      { name: "Ada", profile: { bio: "Countess" } },
      { name: "Grace", profile: { bio: "Admiral" } },
      { name: "Nobody", profile: null },
    ],
    through: [
      { title: "Notes", tag: [{ label: "maths" }] },
      { title: "Compilers", tag: [{ label: "maths" }, { label: "ships" }] },
      { title: 'Nanoseconds, "short"', tag: [] },
    ],
    inner: [{ title: "Compilers", author: { name: "Ada" } }],
    spread: [
      { title: "Notes", by: "Ada" },
      { title: "Compilers", by: "Grace" },
      { title: 'Nanoseconds, "short"', by: "Grace" },
    ],
    spreadMany: [
      { name: "Ada", titles: ["Notes"] },
      { name: "Grace", titles: ["Compilers", 'Nanoseconds, "short"'] },
      { name: "Nobody", titles: [] },
    ],
    aggregates: [{ author_id: 1, books: 1, sum: 12.5 }, { author_id: 2, books: 2, sum: 20 }],
    counted: [
      { name: "Ada", book: [{ count: 1 }] },
      { name: "Grace", book: [{ count: 2 }] },
      { name: "Nobody", book: [{ count: 0 }] },
    ],
    quoted: [{ order: 1, 'a"b': 2, class: 3 }],
    view: [{ title: "Notes", twice: 25 }],
    cast: { id: "1" },
    filtered: { id: 2 },
  });

  const openapi = await import("./build/js/types/openapi.js");
  assert.deepEqual(await openapi.right(server.url), {
    status: 200,
    titles: ['Nanoseconds, "short"', "Notes"],
    prices: [null, 12.5],
    formats: ["paper", "paper"],
    marks: ["A 1"],
    classes: [3],
    code: "PGRST100",
  });
});

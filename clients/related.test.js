// This file tests what the client reads of related tables: embeds, spreads,
// aggregates, their filters, orders and limits; JSON paths; patterns; full text.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { PostgrestClient } from "@supabase/postgrest-js";
import { Database, Readapi, here } from "./harness.js";

let database, server, api, embedded;

before(async () => {
  database = await Database.create("related.sql");
  const [[{ comment }]] = await database.admin.query("SELECT @@version_comment AS comment");
  embedded = comment === "Dolt" && "the embedded engine cannot do this";
  server = await Readapi.start({
    ...database.environment(),
    DB_TABLES: "projects,clients,users,tasks,users_tasks,budgets,notes",
  });
  api = new PostgrestClient(server.url);
});

after(async () => {
  await server?.stop();
  await database?.drop();
});

/** rows awaits a read that succeeds. */
async function rows(builder) {
  const response = await builder;
  assert.equal(response.error, null);
  assert.equal(response.status, 200);
  return response.data;
}

/** reads makes a test of each: what is read, and the rows that are wanted. */
function reads(tests) {
  for (const [name, ask, want] of tests) {
    test(name, async (t) => {
      if (embedded) return t.skip(embedded);
      assert.deepEqual(await rows(ask()), want);
    });
  }
}

describe("embeds", () => {
  reads([
    ["to-one", () => api.from("projects").select("name, clients(name)").order("id"), [
      { name: "Windows 7", clients: { name: "Microsoft" } },
      { name: "Windows 10", clients: { name: "Microsoft" } },
      { name: "IOS", clients: { name: "Apple" } },
      { name: "Orphan", clients: null },
    ]],
    ["to-many", () => api.from("clients").select("name, projects(name)").order("id").order("id", { referencedTable: "projects" }), [
      { name: "Microsoft", projects: [{ name: "Windows 7" }, { name: "Windows 10" }] },
      { name: "Apple", projects: [{ name: "IOS" }] },
      { name: "Nobody", projects: [] },
    ]],
    ["many-to-many", () => api.from("users").select("name, tasks(id)").lte("id", 3).order("id").order("id", { referencedTable: "tasks" }), [
      { name: "Angela", tasks: [{ id: 1 }, { id: 2 }] },
      { name: "Dwight", tasks: [{ id: 1 }, { id: 5 }] },
      { name: "Michael", tasks: [] },
    ]],
    ["one-to-one, from both sides", () => api.from("projects").select("id, budgets(amount, projects(name))").lte("id", 2).order("id"), [
      { id: 1, budgets: { amount: 1000.1, projects: { name: "Windows 7" } } },
      { id: 2, budgets: null },
    ]],
    ["of itself: parent and children", () => api.from("users").select("name, boss:boss_id(name), users(name)").eq("id", 2), [
      { name: "Dwight", boss: { name: "Angela" }, users: [{ name: "Kelly" }] },
    ]],
    ["by constraint, by hint, with an alias", () => api.from("projects").select("projects_client(id), boss:users!manager_id(name), m:users!projects_manager(id)").eq("id", 2), [
      { projects_client: { id: 1 }, boss: { name: "Dwight" }, m: { id: 2 } },
    ]],
    ["nested", () => api.from("clients").select("name, projects(name, tasks(name, users(name)))").eq("id", 2), [
      { name: "Apple", projects: [{ name: "IOS", tasks: [{ name: "Design", users: [{ name: "Dwight" }] }] }] },
    ]],
    ["filter of the embed", () => api.from("clients").select("name, projects(name)").eq("projects.name", "IOS").order("id"), [
      { name: "Microsoft", projects: [] },
      { name: "Apple", projects: [{ name: "IOS" }] },
      { name: "Nobody", projects: [] },
    ]],
    ["inner", () => api.from("clients").select("name, projects!inner(name)").eq("projects.name", "IOS"), [
      { name: "Apple", projects: [{ name: "IOS" }] },
    ]],
    ["or of the embed", () => api.from("projects").select("id, tasks(id)").or("id.eq.1,hours.is.null", { referencedTable: "tasks" }).lte("id", 2).order("id"), [
      { id: 1, tasks: [{ id: 1 }] },
      { id: 2, tasks: [{ id: 4 }] },
    ]],
    ["order and limit of the embed", () => api.from("projects").select("id, tasks(id)").order("id", { referencedTable: "tasks", ascending: false }).limit(1, { referencedTable: "tasks" }).lte("id", 2).order("id"), [
      { id: 1, tasks: [{ id: 2 }] },
      { id: 2, tasks: [{ id: 4 }] },
    ]],
    ["range of the embed", () => api.from("projects").select("id, tasks(id)").order("id", { referencedTable: "tasks" }).range(1, 1, { referencedTable: "tasks" }).eq("id", 1), [
      { id: 1, tasks: [{ id: 2 }] },
    ]],
    ["those without", () => api.from("clients").select("name, projects()").is("projects", null), [{ name: "Nobody" }]],
    ["those with", () => api.from("clients").select("name, projects()").not("projects", "is", null).order("id"), [{ name: "Microsoft" }, { name: "Apple" }]],
    ["either", () => api.from("projects").select("name, budgets(), tasks()").or("budgets.not.is.null,tasks.not.is.null").order("id"), [
      { name: "Windows 7" }, { name: "Windows 10" }, { name: "IOS" },
    ]],
    ["order by to-one", () => api.from("projects").select("name, clients(name)").not("client_id", "is", null).order("clients(name)").order("id"), [
      { name: "IOS", clients: { name: "Apple" } },
      { name: "Windows 7", clients: { name: "Microsoft" } },
      { name: "Windows 10", clients: { name: "Microsoft" } },
    ]],
    ["single", () => api.from("projects").select("name, clients(name)").eq("id", 3).single(), { name: "IOS", clients: { name: "Apple" } }],
  ]);
  test("count: exact", async (t) => {
    if (embedded) return t.skip(embedded);
    const { data, count } = await api.from("clients").select("id, projects!inner(id)", { count: "exact" })
      .like("projects.name", "Windows%").order("id", { referencedTable: "projects" });
    assert.deepEqual({ data, count }, { data: [{ id: 1, projects: [{ id: 1 }, { id: 2 }] }], count: 1 });
  });
});

describe("spreads", () => {
  reads([
    ["to-one", () => api.from("projects").select("name, ...clients(client:name)").gte("id", 3).order("id"), [
      { name: "IOS", client: "Apple" },
      { name: "Orphan", client: null },
    ]],
    ["to-one, twice", () => api.from("tasks").select("id, ...projects(project:name, ...clients(client:name))").eq("id", 5), [
      { id: 5, project: "IOS", client: "Apple" },
    ]],
    ["to-many", () => api.from("projects").select("id, ...tasks(tasks:name, hours)").order("id", { referencedTable: "tasks" }).order("id"), [
      { id: 1, tasks: ["Design", "Code"], hours: [1.5, 10.25] },
      { id: 2, tasks: ["Design", "Code"], hours: [2, null] },
      { id: 3, tasks: ["Design"], hours: [0.1] },
      { id: 4, tasks: [], hours: [] },
    ]],
  ]);
});

describe("aggregates", () => {
  reads([
    ["count", () => api.from("tasks").select("count()"), [{ count: 5 }]],
    ["count, as it was once", () => api.from("tasks").select("count"), [{ count: 5 }]],
    ["all of them", () => api.from("tasks").select("hours.sum(), hours.min(), hours.max(), n:hours.count()"), [{ sum: 13.85, min: 0.1, max: 10.25, n: 4 }]],
    ["groups", () => api.from("tasks").select("name, n:count(), hours.sum()::text").order("name"), [
      { name: "Code", n: 2, sum: "10.25" },
      { name: "Design", n: 3, sum: "3.60" },
    ]],
    ["in an embed", () => api.from("projects").select("id, tasks(count(), hours.sum())").gte("id", 3).order("id"), [
      { id: 3, tasks: [{ count: 1, sum: 0.1 }] },
      { id: 4, tasks: [{ count: 0, sum: null }] },
    ]],
    ["in a spread", () => api.from("projects").select("manager_id, ...budgets(amount.sum())").order("manager_id", { nullsFirst: false }), [
      { manager_id: 1, sum: 9007200255.09 },
      { manager_id: 2, sum: null },
      { manager_id: null, sum: null },
    ]],
  ]);
});

describe("JSON paths", () => {
  reads([
    ["keys", () => api.from("clients").select("papers->stock->>name, papers->stock->year, city:papers->>city").order("id"), [
      { name: "MSFT", year: 1986, city: "Redmond" },
      { name: "AAPL", year: 1980, city: "Cupertino" },
      { name: null, year: null, city: null },
    ]],
    ["indexes", () => api.from("clients").select("first:papers->founders->>0, last:papers->founders->>-1, all:papers->founders").eq("id", 2), [
      { first: "Steve", last: "Ronald", all: ["Steve", "Steve", "Ronald"] },
    ]],
    ["exact as text", () => api.from("clients").select("papers->>big").eq("id", 1), [{ big: "9007199254740993" }]],
    ["filter", () => api.from("clients").select("id").eq("papers->stock->>name", "AAPL"), [{ id: 2 }]],
    ["filter: is null", () => api.from("clients").select("id").is("papers->big", null).order("id"), [{ id: 2 }, { id: 3 }]],
    ["order", () => api.from("clients").select("id").order("papers->>city", { nullsFirst: false }), [{ id: 2 }, { id: 1 }, { id: 3 }]],
    ["contains", () => api.from("clients").select("id").contains("papers", { stock: { name: "MSFT" } }), [{ id: 1 }]],
    ["of an embed", () => api.from("projects").select("id, clients(papers->>city)").eq("id", 3), [{ id: 3, clients: { city: "Cupertino" } }]],
  ]);
});

describe("patterns", () => {
  const names = (ask) => () => ask(api.from("projects").select("name").order("id"));
  reads([
    ["regexMatch", names((q) => q.regexMatch("name", "^Windows [0-9]{2}$")), [{ name: "Windows 10" }]],
    ["regexMatch minds case", names((q) => q.regexMatch("name", "^windows")), []],
    ["regexIMatch", names((q) => q.regexIMatch("name", "^windows")), [{ name: "Windows 7" }, { name: "Windows 10" }]],
    ["not", names((q) => q.not("name", "match", "o")), [{ name: "IOS" }, { name: "Orphan" }]],
  ]);
  test("a bad pattern", async (t) => {
    if (embedded) return t.skip(embedded);
    const { error, status } = await api.from("projects").select().regexMatch("name", "(");
    assert.deepEqual({ status, code: error.code }, { status: 400, code: "2201B" });
  });
});

describe("full text", () => {
  before(async () => {
    if (embedded) return;
    for (const statement of readFileSync(here("fulltext.sql"), "utf8").split(";\n")) {
      if (statement.trim()) await database.admin.query(statement);
    }
  });
  const found = (text, options) => () => api.from("notes").select("id").textSearch("text", text, options).order("id");
  reads([
    ["plain: every word", found("cats mice", { type: "plain" }), [{ id: 1 }, { id: 3 }]],
    ["plain: what would be an operator", found("+(really)", { type: "plain" }), [{ id: 4 }]],
    ["phrase", found("fat cats", { type: "phrase" }), [{ id: 1 }]],
    ["websearch", found('"fat cats" or dog', { type: "websearch" }), [{ id: 1 }, { id: 2 }]],
    ["websearch: not", found("mice -dance", { type: "websearch", config: "english" }), [{ id: 1 }]],
    ["and, or, not", found("(cats | dog) & !dance"), [{ id: 1 }, { id: 2 }]],
  ]);
  test("no index", async (t) => {
    if (embedded) return t.skip(embedded);
    const { error, status } = await api.from("projects").select().textSearch("name", "x");
    assert.equal(status, 400);
    assert.notEqual(error.hint, null);
  });
});

describe("refusals", () => {
  const tests = [
    ["no relation", () => api.from("clients").select("id, tasks(id)"), 400, "PGRST200"],
    ["a table that is not listed", () => api.from("projects").select("id, secrets(id)"), 400, "PGRST200"],
    ["a table that does not exist", () => api.from("projects").select("id, nothing(id)"), 400, "PGRST200"],
    ["filter on what is not embedded", () => api.from("clients").select("id").eq("projects.id", 1), 400, "PGRST108"],
    ["order by to-many", () => api.from("clients").select("id, projects(id)").order("projects(id)"), 400, "PGRST118"],
    ["an embed compared", () => api.from("clients").select("id, projects(id)").eq("projects", 1), 400, "PGRST120"],
  ];
  for (const [name, ask, wantStatus, wantCode] of tests) {
    test(name, async (t) => {
      if (embedded) return t.skip(embedded);
      const { data, error, status } = await ask();
      assert.deepEqual({ data, status, code: error.code }, { data: null, status: wantStatus, code: wantCode });
      assert.deepEqual(Object.keys(error).sort(), ["code", "details", "hint", "message"]);
    });
  }
  test("two relations", async (t) => {
    if (embedded) return t.skip(embedded);
    await database.admin.query("CREATE TABLE deputies (id INT PRIMARY KEY, one INT, two INT, " +
      "CONSTRAINT first_user FOREIGN KEY (one) REFERENCES users (id), CONSTRAINT second_user FOREIGN KEY (two) REFERENCES users (id))");
    const other = await Readapi.start({ ...database.environment(), DB_TABLES: "users,deputies" });
    t.after(() => other.stop());
    const { error, status } = await new PostgrestClient(other.url).from("deputies").select("users(id)");
    assert.deepEqual({ status, code: error.code, choices: error.details.length }, { status: 300, code: "PGRST201", choices: 2 });
    assert.match(error.hint, /users!first_user.*users!second_user/);
  });
});

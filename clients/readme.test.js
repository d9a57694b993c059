// This file holds README and reality together: each curl of its chapter on the
// API is run against the demo's table and must print what README says, and the
// page that it shows must be the one that browser.test.js opens.
//
// Where there is no curl the commands are skipped.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Database, Readapi, here } from "./harness.js";

const run = promisify(execFile);
const chapter = readFileSync(here("../README.md"), "utf8").split(/^### Queries$/m)[1]?.split(/^## /m)[0];
const hasCurl = await run("curl", ["--version"]).then(() => true, () => false);

let database, server;

before(async () => {
  database = await Database.create("../demo/sample.sql");
  server = await Readapi.start(database.environment());
});

after(async () => {
  await server?.stop();
  await database?.drop();
});

test("README shows page.html", () => {
  assert.ok(chapter, "README has no chapter ### Queries");
  assert.ok(chapter.includes("```html\n" + readFileSync(here("page.html"), "utf8") + "```\n"));
});

for (const [, block] of chapter?.matchAll(/^```console\n(.*?)^```$/gms) ?? []) {
  for (const [, command, want] of block.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
    test(command, { skip: !hasCurl && "there is no curl" }, async () => {
      assert.match(command, /^curl /);
      const { stdout } = await run("sh", ["-c", command.replace("localhost:8080", new URL(server.origin).host)]);
      assert.equal(stdout.replaceAll("\r", "").replace(/\n?$/, "\n"), want);
    });
  }
}

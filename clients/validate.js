// This program checks answers against the schemas of an OpenAPI document, for
// TestMySQLSchemas: JSON Schema 2020-12, by ajv. Each line of its input is JSON:
// {"document": …}, or {"table": …, "rows": …} for the document before. It writes a
// line for each fault, and at the end how many answers it has checked.

import { createInterface } from "node:readline";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

let ajv, document;
let checked = 0;

/** validatorOf returns what checks the rows of a table: the schema that its path gives for 200. */
function validatorOf(table) {
  const path = `/${encodeURIComponent(table)}`;
  const found = Object.keys(document.paths).find((name) => encodeURIComponent(decodeURIComponent(name.slice(1))) === path.slice(1));
  if (!found) return undefined;
  const pointer = found.replaceAll("~", "~0").replaceAll("/", "~1");
  const at = `document#/paths/${encodeURIComponent(pointer)}/get/responses/200/content/application~1json/schema`;
  return ajv.getSchema(at) ?? ajv.compile({ $ref: at });
}

for await (const line of createInterface(process.stdin)) {
  const message = JSON.parse(line);
  if (message.document) {
    document = message.document;
    ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
    addFormats(ajv);
    ajv.addSchema(document, "document");
    continue;
  }
  const validate = validatorOf(message.table);
  checked++;
  if (!validate) {
    console.log(`${message.table}: the document has no such path`);
  } else if (!validate(message.rows)) {
    for (const { instancePath, message: text, params } of validate.errors.slice(0, 5)) {
      const value = instancePath.split("/").slice(1).reduce((v, key) => v?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], message.rows);
      console.log(`${message.table}: ${instancePath} ${text} ${JSON.stringify(params)}: ${JSON.stringify(value)}`.slice(0, 500));
    }
  }
}
console.log(`checked ${checked}`);

// This file knows the tables: it makes them of the OpenAPI document.

/** readSchema returns the tables by name: { name, description, columns, key, refers, referred }. */
function readSchema(document) {
  const tables = new Map();
  for (const path of Object.values(document.paths ?? {})) {
    const name = path.get?.summary, schema = name === undefined ? undefined : schemaOf(document, path.get);
    if (schema) tables.set(name, newTable(name, schema, path.get.description));
  }
  for (const table of tables.values()) {
    for (const relation of table.refers) tables.get(relation.table)?.referred.push({ ...relation, from: table.name });
  }
  return tables;
}

/** schemaOf follows the reference to the schema of a table's rows. */
function schemaOf(document, get) {
  const rows = get.responses?.["200"]?.content?.["application/json"]?.schema;
  const key = rows?.items?.$ref?.split("/").pop() ?? "";
  return document.components?.schemas?.[decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~")];
}

function newTable(name, schema, description) {
  const key = schema["x-primary-key"] ?? [], refers = schema["x-foreign-keys"] ?? [];
  const columns = new Map();
  for (const [column, property] of Object.entries(schema.properties ?? {})) {
    columns.set(column, newColumn(property, key.includes(column), refers.find((r) => r.columns.includes(column))));
  }
  return { name, description: description ?? "", columns, key, refers, referred: [] };
}

function newColumn(property, isKey, refers) {
  const types = [property.type ?? []].flat(), type = property["x-type"] ?? types.join(" or ");
  return {
    type, isKey, refers,
    comment: property.description ?? "",
    nullable: property.type === undefined || types.includes("null"),
    choices: property.enum?.filter((choice) => choice !== null),
    kind: kindOf(property, types, type.toLowerCase()),
  };
}

/** kindOf says which operators fit a column, and how its values look. */
function kindOf(property, types, type) {
  if (/^(json|geom|point|line|polygon|multi|vector)/.test(type) || property.type === undefined && !property.enum) return "json";
  if (types.includes("boolean")) return "boolean";
  if (property.contentEncoding) return "binary";
  if (property.enum) return "choice";
  if (/^(date|time)/.test(type)) return "time";
  const isNumber = types.includes("integer") || types.includes("number");
  return isNumber || /^((tiny|small|medium|big)?int|decimal|float|double|year|bit)\b/.test(type) ? "number" : "text";
}

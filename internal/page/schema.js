// This file makes the tables of the OpenAPI document.
/** readSchema returns them by name: { name, description, columns, key, refers, referred }. */
function readSchema({ paths = {}, components = {} }) {
  const tables = new Map();
  for (const { get } of Object.values(paths)) {
    const reference = get?.responses?.["200"]?.content?.["application/json"]?.schema?.items?.$ref?.split("/").pop();
    const schema = reference && components.schemas?.[decode(reference).replaceAll("~1", "/").replaceAll("~0", "~")];
    if (schema) tables.set(get.tags[0], newTable(get.tags[0], schema, get.description));
  }
  for (const table of tables.values()) {
    for (const relation of table.refers) tables.get(relation.table)?.referred.push({ ...relation, from: table.name });
  }
  return tables;
}
function newTable(name, schema, description = "") {
  const key = schema["x-primary-key"] ?? [], refers = schema["x-foreign-keys"] ?? [], columns = new Map();
  for (const [column, property] of Object.entries(schema.properties ?? {})) {
    const types = [property.type ?? property.anyOf?.map((form) => form.type) ?? []].flat(), type = property["x-type"] ?? types.join(" or ");
    columns.set(column, { type, comment: property.description, isKey: key.includes(column), kind: kindOf(property, types, type.toLowerCase()),
      refers: refers.find((relation) => relation.columns.includes(column)),
      isNullable: types.length === 0 || types.includes("null"), choices: property.enum?.filter((item) => item !== null) });
  }
  return { name, description, columns, key, refers, referred: [] };
}
/** kindOf says which operators fit a column, and how its values look. */
function kindOf(property, types, type) {
  if (property.contentEncoding) return "binary";
  if (property.enum) return "choice";
  if (types.length === 0 || /^(json|geom|point|line|polygon|multi|vector)/.test(type)) return "json";
  if (/^(date|time)/.test(type)) return "time";
  if (types.includes("boolean")) return "boolean";
  const isNumber = types.includes("integer") || types.includes("number");
  return isNumber || /^((tiny|small|medium|big)?int|decimal|float|double|year|bit)\b/.test(type) ? "number" : "text";
}

// This file reads with openapi-fetch and the types that openapi-typescript makes of
// the document at /read/. It is compiled under --strict and run.

import createClient from "openapi-fetch";
import type { components, paths } from "../build/openapi.js";

type Book = components["schemas"]["book"];

/** right reads what may be read, and returns it by name. */
export async function right(baseUrl: string) {
  const api = createClient<paths>({ baseUrl });
  const books = await api.GET("/book", {
    params: { query: { select: "*", order: "id.desc", limit: 2, format: "eq.paper" }, header: { Prefer: "count=exact" } },
  });
  const quoted = await api.GET("/book", { params: { query: { '"shelf mark"': "eq.A 1" } } });
  const odd = await api.GET("/odd%20%7Bname%7D%20%221%22");
  const refused = await api.GET("/book", { params: { query: { title: "no operator" } } });
  const rows: Book[] = books.data ?? [];
  const titles: string[] = rows.map((row) => row.title);
  const prices: (number | null)[] = rows.map((row) => row.price);
  const formats: ("paper" | "e-book" | "")[] = rows.map((row) => row.format);
  const marks: (string | null)[] = (quoted.data ?? []).map((row) => row["shelf mark"]);
  const classes: (number | null)[] = (odd.data ?? []).map((row) => row.class);
  const code: string | undefined = refused.error?.code;
  return { status: books.response.status, titles, prices, formats, marks, classes, code };
}

/** wrong is never called: each line but the comments has a fault that the compiler finds. */
export async function wrong(baseUrl: string) {
  const api = createClient<paths>({ baseUrl });
  // @ts-expect-error there is no such table
  api.GET("/books");
  // @ts-expect-error there is no such column
  api.GET("/book", { params: { query: { titel: "eq.x" } } });
  // @ts-expect-error limit is a number
  api.GET("/book", { params: { query: { limit: "two" } } });
  // @ts-expect-error nothing is written
  api.POST("/book", { body: {} });
  // @ts-expect-error there is no such column
  api.GET("/book").then(({ data }) => data?.[0].titel);
  // @ts-expect-error may be null
  api.GET("/book").then(({ data }) => data?.[0].price.toFixed());
  // @ts-expect-error no member of the ENUM
  api.GET("/book").then(({ data }) => data?.[0].format === "scroll");
}

// This file reads with @supabase/postgrest-js and the types of readapi -types. It
// is compiled under --strict and run: what is right has to compile and be what
// comes, what is wrong must not compile.

import { PostgrestClient } from "@supabase/postgrest-js";
import type { Database } from "../build/database.types.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** exactly compiles only if a value is of just the type that is wanted. */
function exactly<Want>() {
  return <Got>(value: Got, _same: Equal<Got, Want>) => value;
}

/** right reads what may be read, and returns it by name. */
export async function right(url: string) {
  const api = new PostgrestClient<Database>(url);
  const columns = await api.from("book").select("id,title,price,format,added,cover").order("id").throwOnError();
  const toOne = await api.from("book").select("title,author!book_author(name,born)").order("id").throwOnError();
  const nullable = await api.from("book").select("title,editor:author!book_editor(name)").order("id").throwOnError();
  const toMany = await api.from("author").select("name,book!book_author(title)").order("id").order("id", { referencedTable: "book" }).throwOnError();
  const oneToOne = await api.from("author").select("name,profile(bio)").order("id").throwOnError();
  const through = await api.from("book").select("title,tag(label)").order("id").order("id", { referencedTable: "tag" }).throwOnError();
  const inner = await api.from("book").select("title,author!book_editor!inner(name)").throwOnError();
  const spread = await api.from("book").select("title,...author!book_author(by:name)").order("id").throwOnError();
  const spreadMany = await api.from("author").select("name,...book!book_author(titles:title)").order("id").order("id", { referencedTable: "book" }).throwOnError();
  const aggregates = await api.from("book").select("author_id,books:id.count(),price.sum()").order("author_id").throwOnError();
  const counted = await api.from("author").select("name,book!book_author(count)").order("id").throwOnError();
  const quoted = await api.from("odd {name} \"1\"").select().throwOnError();
  const view = await api.from("cheap").select("title,twice").throwOnError();
  const cast = await api.from("book").select("id::text").eq("id", 1).single().throwOnError();
  const filtered = await api.from("book").select("id").eq("format", "e-book").maybeSingle().throwOnError();
  return {
    columns: exactly<{ id: number; title: string; price: number | null; format: "paper" | "e-book" | ""; added: string | null; cover: string | null }[]>()(columns.data, true),
    toOne: exactly<{ title: string; author: { name: string; born: string | null } }[]>()(toOne.data, true),
    nullable: exactly<{ title: string; editor: { name: string } | null }[]>()(nullable.data, true),
    toMany: exactly<{ name: string; book: { title: string }[] }[]>()(toMany.data, true),
    oneToOne: exactly<{ name: string; profile: { bio: string } | null }[]>()(oneToOne.data, true),
    through: exactly<{ title: string; tag: { label: string }[] }[]>()(through.data, true),
    inner: exactly<{ title: string; author: { name: string } }[]>()(inner.data, true),
    spread: exactly<{ title: string; by: string }[]>()(spread.data, true),
    spreadMany: exactly<{ name: string; titles: string[] }[]>()(spreadMany.data, true),
    aggregates: exactly<{ author_id: number; books: number; sum: number }[]>()(aggregates.data, true),
    counted: exactly<{ name: string; book: { count: number }[] }[]>()(counted.data, true),
    quoted: exactly<{ order: number | null; 'a"b': number | null; class: number | null }[]>()(quoted.data, true),
    view: exactly<{ title: string | null; twice: number | null }[]>()(view.data, true),
    cast: exactly<{ id: string }>()(cast.data, true),
    filtered: exactly<{ id: number } | null>()(filtered.data, true),
  };
}

/** wrong is never called: each line but the comments has a fault that the compiler finds. */
export async function wrong(url: string) {
  const api = new PostgrestClient<Database>(url);
  // @ts-expect-error there is no such table
  api.from("books");
  // @ts-expect-error there is no such column
  api.from("book").select("titel").then(({ data }) => data?.[0].titel);
  // @ts-expect-error there is no such relation
  api.from("tag").select("label,author(name)").then(({ data }) => data?.[0].author.name);
  // @ts-expect-error a related table has no such column
  api.from("book").select("author!book_author(nmae)").then(({ data }) => data?.[0].author.nmae);
  // @ts-expect-error which of the two is meant
  api.from("book").select("author(name)").then(({ data }) => data?.[0].author.name);
  // @ts-expect-error no such filter
  api.from("book").select().eq("titel", "x");
  // @ts-expect-error not of this type
  api.from("book").select().eq("title", 1);
  // @ts-expect-error no member of the ENUM
  api.from("book").select().eq("format", "scroll");
  // @ts-expect-error may be null
  api.from("book").select("price").then(({ data }) => data?.[0].price.toFixed());
  // @ts-expect-error an array
  api.from("author").select("book!book_author(title)").then(({ data }) => data?.[0].book.title);
  // @ts-expect-error a number
  api.from("book").select("id.count()").then(({ data }) => data?.[0].count.trim());
  // @ts-expect-error nothing is written
  api.from("book").insert({ id: 9 });
  // @ts-expect-error nothing is written
  api.from("book").update({ title: "x" });
  // @ts-expect-error there are no functions
  api.rpc("f");
  // @ts-expect-error there is no such schema
  api.schema("private");
}

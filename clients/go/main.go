// Go reads with github.com/supabase-community/postgrest-go, unmodified, from the
// readapi at the address that is its argument, and prints what came, a line of JSON
// for each read. others.test.js runs it.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/supabase-community/postgrest-go"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatalf("want the address of a readapi, such as http://localhost:8080/read, got %q", os.Args[1:])
	}
	api := postgrest.NewClient(os.Args[1], "public", nil)
	ascending := &postgrest.OrderOpts{Ascending: true}

	var books []struct {
		Title  string
		Author struct{ Name string }
	}
	total, err := api.From("book").Select("title,author!book_author(name)", "exact", false).
		Order("id", ascending).Range(0, 1, "").ExecuteTo(&books)
	show(books, total, err)

	var one struct{ Name string }
	total, err = api.From("author").Select("name", "", false).Eq("id", "2").Single().ExecuteTo(&one)
	show(one, total, err)

	body, total, err := api.From("book").Select("id", "", false).In("id", []string{"1", "3"}).
		Order("id", ascending).Execute()
	show(json.RawMessage(body), total, err)

	body, total, err = api.From("book").Delete("", "").Eq("id", "1").Execute()
	show(json.RawMessage(body), total, err)
}

// show prints the rows of a read, and how many there are in all, or its error.
func show(rows any, total int64, err error) {
	if err != nil {
		fmt.Printf("%q\n", err)
		return
	}
	text, err := json.Marshal(rows)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(total, string(text))
}

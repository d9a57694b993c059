package main

import (
	"testing"
	"fmt"

	"github.com/chromedp/chromedp"
)

func shots(t *testing.T, p *tab, front string) {
	dir := "/tmp/page-shots"
	p.do(chromedp.EmulateViewport(1280, 800))
	p.wait(`document.querySelectorAll("#body tr").length > 0`)
	p.picture(dir, "1.png")
	shot := func(name, script, cond string) {
		evaluate[any](p, script)
		p.wait(cond)
		p.picture(dir, name)
		fmt.Println(name, evaluate[string](p, `location.hash`))
	}
	shot("2.png", `location.hash = "#huts?kind=eq.hut&name=ilike.*H*&order=price.desc", 1`, `document.querySelector("#rows").ariaBusy==="false"`)
	shot("3.png", `document.querySelector("#body button").click(), 1`, `document.querySelector("#drawer").open`)
	shot("4.png", `document.querySelector("#close").click(), document.querySelector("#choose").click(), 1`, `document.querySelector("#drawer").open`)
	shot("5.png", `document.querySelector("#close").click(), document.querySelector("#copy").click(), document.querySelectorAll("[name=language]")[3].click(), 1`, `document.querySelector("#drawer").open`)
	fmt.Println(evaluate[string](p, `document.querySelector("#code").textContent + document.querySelectorAll("[name=language]").length`))
	shot("6.png", `document.querySelector("#close").click(), location.hash = "#huts?region_id=eq.x", 1`, `document.querySelector("#notice h2")`)
	p.prefer("dark")
	shot("7.png", `location.hash = "#huts", 1`, `document.querySelectorAll("#body tr").length === 50`)
	p.do(chromedp.EmulateViewport(390, 844))
	p.picture(dir, "8.png")
	p.prefer("light")
	shot("9.png", `location.hash = "#huts?kind=eq.hut", 1`, `document.querySelector("#rows").ariaBusy==="false"`)
	shot("10.png", `document.querySelector("#body button").click(), 1`, `document.querySelector("#drawer").open`)
}

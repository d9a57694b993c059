package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
)

func TestWriteChart(t *testing.T) {
	var out strings.Builder
	if err := writeChart(&out, panels(testResults())); err != nil {
		t.Fatal(err)
	}
	elements, texts := parseXML(t, out.String())
	if elements["svg"] != 1 || elements["style"] != 1 || elements["script"] != 0 || elements["image"] != 0 {
		t.Errorf("elements = %v; want one svg and style, nothing that is fetched", elements)
	}
	// The ground and the bars: three, two of keys, none of the mix, two and two.
	if elements["rect"] != 1+3+2+0+2+2 {
		t.Errorf("%d rect; want 10", elements["rect"])
	}
	for _, want := range []string{
		"10 rows, 256 connections", "39,000", "Half & <half>", "19,500 (2.00×)", "50,000 (0.78×)",
		"different rows: a row by its key, 64 connections", "5 % failed", "4,500 (2.00×)",
		"1,000,000 rows, one reader", "0.0100 s", "3.00 s (300×)", "20 MiB", "2,048 MiB (102×)",
	} {
		if !texts[want] {
			t.Errorf("no text %q in %v", want, texts)
		}
	}
	// The name space is the only address, and nothing refers to it.
	if n := strings.Count(out.String(), "://"); n != 1 {
		t.Errorf("%d addresses; want 1", n)
	}
	for _, fetches := range []string{"href", "url(", "@import", "@font-face"} {
		if strings.Contains(out.String(), fetches) {
			t.Errorf("the chart has %s", fetches)
		}
	}
	if !strings.Contains(out.String(), "prefers-color-scheme: dark") {
		t.Error("no colours for the dark")
	}
}

func TestWriteChartWithoutFigures(t *testing.T) {
	r := testResults()
	clear(r.loads)
	clear(r.different)
	clear(r.bigs)
	var out strings.Builder
	if err := writeChart(&out, panels(r)); err != nil {
		t.Fatal(err)
	}
	parseXML(t, out.String())
	if strings.Contains(out.String(), "NaN") {
		t.Error("a size is NaN")
	}
}

func TestChartBarsStayInside(t *testing.T) {
	var out strings.Builder
	if err := writeChart(&out, panels(testResults())); err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(strings.NewReader(out.String())); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		element, _ := token.(xml.StartElement)
		var x, width float64
		for _, attr := range element.Attr {
			switch attr.Name.Local {
			case "x":
				x, _ = strconv.ParseFloat(attr.Value, 64)
			case "width":
				width, _ = strconv.ParseFloat(attr.Value, 64)
			}
		}
		if x < 0 || x+width > chartWidth {
			t.Errorf("%s from %v to %v; want at most %v", element.Name.Local, x, x+width, chartWidth)
		}
	}
}

// parseXML makes sure that text is well-formed and returns how often each
// element stands there, and the texts.
func parseXML(t testing.TB, text string) (elements map[string]int, texts map[string]bool) {
	t.Helper()
	elements, texts = map[string]int{}, map[string]bool{}
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return elements, texts
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			elements[token.Name.Local]++
		case xml.CharData:
			texts[string(token)] = true
		}
	}
}

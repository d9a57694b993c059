package main

// This file draws results.svg: bars with their figures in words, so that
// nothing depends on colour. Rules: it fetches nothing, no font either; it has
// a ground of its own in light and dark, so that it can be read wherever it
// stands.

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Sizes, in pixels.
const (
	chartWidth   = 900
	chartColumns = 2
	margin       = 20
	titleHeight  = 50 // of a panel's two lines
	barHeight    = 18
	barPitch     = 26
	labelWidth   = 150
	figureWidth  = 110 // behind a bar
	minBarWidth  = 1
)

// chartStyle has the colours. Contrast of text is at least 4.5 to 1 (WCAG 2,
// 1.4.3), that of bars 3 to 1.
const chartStyle = `
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 14px }
.note { fill: #59636e }
.ground { fill: #ffffff; stroke: #d1d9e0 }
.bar { fill: #818b98 }
.base { fill: #0969da }
.limit { fill: none; stroke: #818b98; stroke-dasharray: 4 2 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.note { fill: #9198a1 }
.ground { fill: #0d1117; stroke: #3d444d }
.base { fill: #4493f8 }
}
`

// panel is one group of bars that share a scale.
type panel struct {
	title string
	note  string
	bars  []bar
}

// bar is one figure. Its kind is a class of chartStyle.
type bar struct {
	label  string
	kind   string
	value  float64
	figure string // the value in words
}

// panels chooses what of the results is drawn: the hardest load of each table
// and of each question, and the big table.
func panels(r *results) (all []panel) {
	if r.plan.has(partSame) {
		for _, rows := range r.plan.rows {
			all = append(all, loadPanel(r, rows, slices.Max(r.plan.connections)))
		}
	}
	if r.plan.has(partDifferent) {
		for _, q := range questions {
			all = append(all, differentPanel(r, q, slices.Max(r.plan.different)))
		}
	}
	if !r.plan.has(partLarge) {
		return all
	}
	title := thousands(int64(r.plan.bigRows)) + " rows, one reader"
	return append(all,
		bigPanel(r, title, "time to the first byte: shorter is better",
			func(f bigFigures) float64 { return float64(f.first) },
			func(f bigFigures) string { return seconds(f.first) }),
		bigPanel(r, title, "peak memory: shorter is better",
			func(f bigFigures) float64 { return float64(f.memory) },
			func(f bigFigures) string { return mebibytes(f.memory) }))
}

func loadPanel(r *results, rows, connections int) panel {
	p := panel{
		title: fmt.Sprintf("%s rows, %d connections", thousands(int64(rows)), connections),
		note:  "requests per second: longer is better",
	}
	base := medianLoad(r.loads[loadKey{baseName, rows, connections}]).rate
	for _, peer := range r.peers {
		if rounds := r.loads[loadKey{peer.name, rows, connections}]; len(rounds) > 0 {
			rate := medianLoad(rounds).rate
			p.bars = append(p.bars, newBar(peer, rate, perSecond(rate), ratio(base, rate)))
		}
	}
	return p
}

func differentPanel(r *results, q question, connections int) panel {
	p := panel{
		title: fmt.Sprintf("different rows: %s, %d connections", q.title, connections),
		note:  "requests per second: longer is better",
	}
	base := totalDifferent(r.different[differentKey{baseName, q.name, connections}]).rate
	for _, peer := range r.peersIn(partDifferent) {
		rounds := r.different[differentKey{peer.name, q.name, connections}]
		if len(rounds) == 0 {
			continue
		}
		f := totalDifferent(rounds)
		b := newBar(peer, f.rate, perSecond(f.rate), ratio(base, f.rate))
		if failed := f.failedShare(); failed != "" {
			b.figure = failed // that outweighs the rate
		}
		p.bars = append(p.bars, b)
	}
	return p
}

func bigPanel(r *results, title, note string, value func(bigFigures) float64, figure func(bigFigures) string) panel {
	p := panel{title: title, note: note}
	base := value(medianBig(r.bigs[bigKey{baseName, 1}]))
	for _, peer := range r.peers {
		if rounds := r.bigs[bigKey{peer.name, 1}]; len(rounds) > 0 {
			f := medianBig(rounds)
			p.bars = append(p.bars, newBar(peer, value(f), figure(f), ratio(value(f), base)))
		}
	}
	return p
}

// newBar makes the bar of a peer, whose figure is followed by times, readapi's
// advantage.
func newBar(p peer, value float64, figure, times string) bar {
	switch {
	case p.name == baseName:
		return bar{p.title, "bar base", value, figure}
	case p.limit:
		return bar{p.title, "limit", value, figure + " (" + times + ")"}
	default:
		return bar{p.title, "bar", value, figure + " (" + times + ")"}
	}
}

// writeChart draws the panels in two columns.
func writeChart(w io.Writer, all []panel) error {
	height, tops := chartLayout(all)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+
		"\n<title>How fast each server reads a MySQL table</title>\n<style>%s</style>\n", chartWidth, height,
		chartWidth, height, chartStyle)
	fmt.Fprintf(&b, `<rect class="ground" x="0.5" y="0.5" width="%d" height="%d" rx="6"/>`+"\n", chartWidth-1, height-1)
	for i, p := range all {
		drawPanel(&b, p, margin+i%chartColumns*(chartWidth-margin)/chartColumns, tops[i])
	}
	fmt.Fprintf(&b, `<text class="note" x="%d" y="%d">Medians; (n×) is how many times better readapi is. `+
		`RESULTS.md has the machine, the method and all figures.</text>`+"\n</svg>\n", margin, height-margin)
	_, err := io.WriteString(w, b.String())
	return err
}

// chartLayout is the height of the chart and where each panel begins. The
// panels of one line are as high as the highest of them.
func chartLayout(all []panel) (height int, tops []int) {
	top := margin
	for line := range slices.Chunk(all, chartColumns) {
		bars := 0
		for _, p := range line {
			tops = append(tops, top)
			bars = max(bars, len(p.bars))
		}
		top += titleHeight + bars*barPitch + margin
	}
	return top + 2*margin, tops
}

// drawPanel draws p with its upper left corner at x, y.
func drawPanel(b *strings.Builder, p panel, x, y int) {
	fmt.Fprintf(b, `<text class="title" x="%d" y="%d">%s</text>`+"\n", x, y+14, escape(p.title))
	fmt.Fprintf(b, `<text class="note" x="%d" y="%d">%s</text>`+"\n", x, y+34, escape(p.note))
	highest := 0.0
	for _, bar := range p.bars {
		highest = max(highest, bar.value)
	}
	const room = (chartWidth-margin)/chartColumns - margin - labelWidth - figureWidth
	for i, bar := range p.bars {
		top := y + titleHeight + i*barPitch
		width := float64(minBarWidth)
		if highest > 0 {
			width = max(width, bar.value/highest*room)
		}
		baseline := top + barHeight - 5
		fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`, x, baseline, escape(bar.label))
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/>`, bar.kind, x+labelWidth, top, width, barHeight)
		fmt.Fprintf(b, `<text x="%.1f" y="%d">%s</text>`+"\n", float64(x+labelWidth)+width+6, baseline, escape(bar.figure))
	}
}

// escape makes text safe inside an element.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder does not fail
	return b.String()
}

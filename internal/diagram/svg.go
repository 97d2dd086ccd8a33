package diagram

import (
	"fmt"
	"html"
	"strings"
)

// style draws on light and on dark pages, as the reader's system is set.
const style = `<style>
  svg { background: #ffffff; font-family: system-ui, sans-serif; font-size: 13px }
  text { fill: #1c2430 } .detail, .label, .subnets { font-size: 11px; fill: #5a6675 } .title { font-weight: 600 }
  .vpc { fill: none; stroke: #8a96a5; stroke-dasharray: 6 4 } .tier { fill: #f2f5f9; stroke: none }
  .node { fill: #ffffff; stroke: #3867a8; stroke-width: 1.5 } .outer { stroke: #7a5aa6 } .store { stroke: #2c8a5b }
  .arrow { fill: none; stroke: #5a6675; stroke-width: 1.5 } .session { stroke-dasharray: 4 4 } marker path { fill: #5a6675 }
  .label { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round }
  @media (prefers-color-scheme: dark) {
    svg { background: #0f141b } text { fill: #e6ebf2 } .detail, .label, .subnets { fill: #9fabba }
    .vpc { stroke: #66717f } .tier { fill: #18202a } .node { fill: #0f141b; stroke: #6f9fe0 } .outer { stroke: #ad8fdc } .store { stroke: #5cc08d }
    .arrow { stroke: #9fabba } marker path { fill: #9fabba } .label { stroke: #0f141b }
  }
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8Z"/></marker></defs>
`

// SVG is the picture as a drawing that needs nothing else: no script, no font, no file.
func (p *Picture) SVG() string {
	l := arrange(p)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n", l.width, l.height, html.EscapeString(p.Name))
	fmt.Fprintf(&b, "<title>%s: what stands where, and who may reach whom</title>\n", html.EscapeString(p.Name))
	b.WriteString(style)
	l.drawNetwork(&b)
	// Arrows go below the boxes, their labels above.
	for _, arrow := range p.Arrows {
		class := "arrow"
		if arrow.BySession {
			class = "arrow session"
		}
		fmt.Fprintf(&b, `<path class="%s" d="%s" marker-end="url(#head)"/>`+"\n", class, l.route(arrow).path)
	}
	l.drawNodes(&b)
	for _, arrow := range p.Arrows {
		route := l.route(arrow)
		write(&b, "label", route.anchor, route.labelX, route.labelY, arrow.Label)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (l *layout) drawNetwork(b *strings.Builder) {
	rectangle(b, "vpc", l.vpc, 10)
	write(b, "title", "start", l.vpc.x+margin, l.vpc.bottom()-margin/2, l.Name+", "+l.Block)
	for i, tier := range l.Tiers {
		at := l.tiers[i]
		rectangle(b, "tier", at, 6)
		write(b, "title", "start", at.x+margin/2, at.y+24, tier.Name)
		for line, subnet := range tier.Subnets {
			write(b, "subnets", "start", at.x+margin/2, at.y+44+line*16, subnet)
		}
	}
}

func (l *layout) drawNodes(b *strings.Builder) {
	rectangle(b, "node outer", l.internet, 20)
	write(b, "title", "middle", l.internet.middle(), l.internet.halfway()+5, "Internet")
	for _, tier := range l.Tiers {
		for _, node := range tier.Nodes {
			l.drawNode(b, node)
		}
	}
	for _, node := range l.Outside {
		l.drawNode(b, node)
	}
}

func (l *layout) drawNode(b *strings.Builder, node Node) {
	class := "node"
	switch node.Kind {
	case Staff, Site, UserPool:
		class = "node outer"
	case Database:
		class = "node store"
	}
	at := l.nodes[node.ID]
	rectangle(b, class, at, 6)
	write(b, "title", "middle", at.middle(), at.y+23, node.Title)
	write(b, "detail", "middle", at.middle(), at.y+42, node.Detail)
}

func rectangle(b *strings.Builder, class string, at box, corner int) {
	fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`+"\n", class, at.x, at.y, at.width, at.height, corner)
}

func write(b *strings.Builder, class, anchor string, x, y int, text string) {
	fmt.Fprintf(b, `<text class="%s" x="%d" y="%d" text-anchor="%s">%s</text>`+"\n", class, x, y, anchor, html.EscapeString(text))
}

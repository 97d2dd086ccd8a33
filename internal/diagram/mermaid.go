package diagram

import (
	"fmt"
	"strings"
)

// Mermaid is the picture as a flowchart of mermaid, which GitHub draws.
func (p *Picture) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart TB\n")
	fmt.Fprintf(&b, "  %s([\"Internet\"])\n", Internet)
	fmt.Fprintf(&b, "  subgraph vpc[\"%s, %s\"]\n", p.Name, p.Block)
	for _, tier := range p.Tiers {
		if len(tier.Nodes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "    subgraph tier_%s[\"%s: %s\"]\n", tier.Name, tier.Name, strings.Join(tier.Subnets, ", "))
		for _, node := range tier.Nodes {
			fmt.Fprintf(&b, "      %s\n", node.mermaid())
		}
		b.WriteString("    end\n")
	}
	b.WriteString("  end\n")
	for _, node := range p.Outside {
		fmt.Fprintf(&b, "  %s\n", node.mermaid())
	}
	for _, arrow := range p.Arrows {
		line := "-->"
		if arrow.BySession {
			line = "-.->"
		}
		fmt.Fprintf(&b, "  %s %s|\"%s\"| %s\n", arrow.From, line, arrow.Label, arrow.To)
	}
	return b.String()
}

func (n Node) mermaid() string {
	left, right := "[", "]"
	switch n.Kind {
	case Database:
		left, right = "[(", ")]"
	case Staff:
		left, right = "([", "])"
	}
	return fmt.Sprintf("%s%s\"%s<br>%s\"%s", n.ID, left, n.Title, n.Detail, right)
}

package diagram

import "fmt"

// route is the path of an arrow and where its label stands.
type route struct {
	path           string
	labelX, labelY int
	anchor         string // of the label: start, middle or end
}

// aside keeps a way out from the way in at the same box.
const aside = 56

// route finds an arrow's way: straight where it can, past the tiers where something stands between.
func (l *layout) route(arrow Arrow) route {
	from, to := l.nodes[arrow.From], l.nodes[arrow.To]
	fromTier, toTier := l.tierOf[arrow.From], l.tierOf[arrow.To]
	switch {
	case arrow.From == Internet && toTier < 0:
		return l.alongBus(to)
	case arrow.From == Internet:
		return down(to.middle(), from.bottom(), to.y)
	case arrow.To == Internet:
		return down(from.middle()+aside, from.y, to.bottom())
	case fromTier < 0: // the staff stands beside the bastion
		return route{path: fmt.Sprintf("M%d %dH%d", from.x, from.halfway(), to.right()), labelX: (l.vpc.right() + to.right()) / 2, labelY: from.halfway() - 6, anchor: "middle"}
	case toTier-fromTier > 1 && from.x > to.x:
		return l.past(from, to)
	case toTier < fromTier:
		return bend(from.middle()+aside, from.y, to.middle(), to.bottom())
	case from.x == to.x:
		return down(from.middle(), from.bottom(), to.y)
	default:
		return bend(from.middle(), from.bottom(), to.middle()+aside/2, to.y)
	}
}

// down is straight, up or down.
func down(x, fromY, toY int) route {
	return route{path: fmt.Sprintf("M%d %dV%d", x, fromY, toY), labelX: x + 6, labelY: nearer(fromY, toY), anchor: "start"}
}

// nearer is where a label stands between two heights: close to where the arrow
// arrives, outside of the box there.
func nearer(fromY, toY int) int {
	if toY > fromY {
		return toY - margin
	}
	return toY + 18
}

// bend is a curve from one height to another.
func bend(fromX, fromY, toX, toY int) route {
	half := (fromY + toY) / 2
	return route{path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", fromX, fromY, fromX, half, toX, half, toX, toY), labelX: toX + 6, labelY: nearer(fromY, toY), anchor: "start"}
}

// past goes through the channel beside the tiers.
func (l *layout) past(from, to box) route {
	x := l.tiers[0].right() + channel/2
	return route{
		path:   fmt.Sprintf("M%d %dH%dV%dH%d", from.right(), from.halfway()+16, x, to.halfway(), to.right()),
		labelX: to.right() + 12, labelY: to.halfway() - 6, anchor: "start",
	}
}

// alongBus goes down beside the VPC and in from the left.
func (l *layout) alongBus(to box) route {
	return route{path: fmt.Sprintf("M%d %dV%dH%d", l.busX, l.internet.bottom(), to.halfway(), to.x), labelX: l.busX + 8, labelY: to.halfway() - 6, anchor: "start"}
}

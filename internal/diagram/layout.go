package diagram

// The grid, in pixels.
const (
	margin     = 24
	boxWidth   = 208
	boxHeight  = 56
	gapX       = 48
	gapY       = 24
	columns    = 3   // nodes side by side in a tier
	names      = 190 // left of the boxes, for a tier's name and subnets, where no arrow runs
	tierGap    = 44  // between tiers, where the labels of arrows stand
	titleRoom  = 28  // below the tiers, for the VPC's name
	internetIn = 40  // the Internet's height
	channel    = 96  // beside the last column, for what passes by a tier
	busRoom    = 48  // from the Internet's line to what is outside
	outerWidth = 248
)

// box is where something stands.
type box struct{ x, y, width, height int }

func (b box) middle() int  { return b.x + b.width/2 }
func (b box) bottom() int  { return b.y + b.height }
func (b box) right() int   { return b.x + b.width }
func (b box) halfway() int { return b.y + b.height/2 }

// layout is where all of a picture stands: the Internet on top, the VPC's tiers
// below one another, and beside them what is outside.
type layout struct {
	*Picture
	nodes    map[string]box
	tierOf   map[string]int // index of a node's tier; -1 outside
	tiers    []box
	vpc      box
	internet box
	busX     int // where the Internet's line to what is outside runs
	height   int
	width    int
}

func arrange(p *Picture) *layout {
	l := &layout{Picture: p, nodes: map[string]box{}, tierOf: map[string]int{Internet: -1}}
	inside := names + columns*boxWidth + (columns-1)*gapX
	l.vpc = box{x: margin, y: margin + internetIn + tierGap, width: inside + 2*margin + channel}
	y := l.vpc.y + margin
	for i, tier := range p.Tiers {
		y = l.arrangeTier(i, tier, y)
	}
	l.vpc.height = y - tierGap + titleRoom + margin/2 - l.vpc.y
	l.busX = l.vpc.right() + margin
	l.arrangeOutside()
	l.width = l.busX + busRoom + outerWidth + margin
	l.internet = box{x: margin, y: margin, width: l.width - 2*margin, height: internetIn}
	l.nodes[Internet] = l.internet
	return l
}

// arrangeTier places a tier's boxes and returns where the next tier begins. The
// bastion stands in the last column, past which its way to the database runs.
func (l *layout) arrangeTier(index int, tier Tier, y int) int {
	rows, free := 1, 0
	for _, node := range tier.Nodes {
		cell := free
		if node.Kind == Bastion && free < columns {
			cell = columns - 1
		} else {
			free++
		}
		rows = max(rows, cell/columns+1)
		l.tierOf[node.ID] = index
		l.nodes[node.ID] = box{
			x: l.vpc.x + margin + names + cell%columns*(boxWidth+gapX), y: y + margin/2 + cell/columns*(boxHeight+gapY),
			width: boxWidth, height: boxHeight,
		}
	}
	height := rows*boxHeight + (rows-1)*gapY + margin
	l.tiers = append(l.tiers, box{x: l.vpc.x + margin/2, y: y, width: l.vpc.width - margin/2 - channel, height: height})
	return y + height + tierGap
}

// arrangeOutside stands the staff beside the bastion, and the others below.
func (l *layout) arrangeOutside() {
	y := l.tiers[0].y + margin/2
	for _, node := range l.Outside {
		l.tierOf[node.ID] = -1
		l.nodes[node.ID] = box{x: l.busX + busRoom, y: y, width: outerWidth, height: boxHeight}
		y += boxHeight + gapY
	}
	l.height = max(l.vpc.bottom(), y-gapY) + margin
}

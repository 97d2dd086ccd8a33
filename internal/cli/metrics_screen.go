package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// drawMetrics has a table a part; how a metric went is drawn where a person looks.
func drawMetrics(d *screen.Document, env *config.Environment, metrics []ops.Metric, drawn bool) {
	var table *screen.Table
	part := ""
	for _, metric := range metrics {
		if metric.Part != part {
			part = metric.Part
			header := []string{"SUBJECT", "METRIC", "LAST", "AVERAGE", "MAX"}
			if drawn {
				header = append(header, "TREND")
			}
			table = d.Table(part, header...)
		}
		row := []any{strings.TrimPrefix(metric.Subject, env.Named("")), metric.Name, amount(metric.Last, metric.Unit), amount(metric.Average, metric.Unit), amount(metric.Max, metric.Unit)}
		if drawn {
			row = append(row, screen.In(iostreams.Faint, sparkline(metric)))
		}
		table.Row(row...)
	}
}

// amount is a value with its unit; a minus sign where nothing was measured.
func amount(value *float64, unit string) string {
	if value == nil {
		return "-"
	}
	switch unit {
	case "percent":
		return fmt.Sprintf("%.1f%%", *value)
	case "seconds":
		return fmt.Sprintf("%.0fms", *value*1000)
	case "bytes":
		return bytesOf(*value)
	}
	if *value >= 100 {
		return fmt.Sprintf("%.0f", *value)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", *value), ".0")
}

// bytesOf is a size in the binary unit in which it has at most four digits.
func bytesOf(size float64) string {
	unit := 0
	for ; size >= 1024 && unit < 4; unit++ {
		size /= 1024
	}
	return fmt.Sprintf("%.1f%s", size, []string{"B", "KiB", "MiB", "GiB", "TiB"}[unit])
}

var blocks = []rune("▁▂▃▄▅▆▇█")

// sparkline is a column a period from the first measurement to the last, from
// nothing to the highest; a period without one is a gap.
func sparkline(metric ops.Metric) string {
	if len(metric.Points) == 0 {
		return "no data"
	}
	period := time.Duration(metric.PeriodSeconds) * time.Second
	first, last := metric.Points[0].Time, metric.Points[len(metric.Points)-1].Time
	line := []rune(strings.Repeat(" ", int(last.Sub(first)/period)+1))
	for _, point := range metric.Points {
		height := 0
		if *metric.Max > 0 && point.Value > 0 {
			height = int(point.Value / *metric.Max * float64(len(blocks)-1))
		}
		line[int(point.Time.Sub(first)/period)] = blocks[height]
	}
	return string(line)
}

package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// held is a table in memory, made when first asked for.
type held struct {
	mu     sync.Mutex
	times  []time.Time
	values []float64
	hosts  []*string
	gaps   []*float64
}

// columns gives a table that was there before the query came: one row a second.
func (p *probe) columns(rows int) ([]time.Time, []float64) {
	p.held.mu.Lock()
	defer p.held.mu.Unlock()
	if len(p.held.times) != rows {
		start := time.Unix(1_700_000_000, 0).UTC()
		p.held.times, p.held.values = make([]time.Time, rows), make([]float64, rows)
		for i := range rows {
			p.held.times[i], p.held.values[i] = start.Add(time.Duration(i)*time.Second), float64(i)/2
		}
	}
	return p.held.times, p.held.values
}

// many answers as monitoring does: one frame for each machine, each with its part of a table in memory.
func (p *probe) many(series, rows int) []*data.Frame {
	times, values := p.columns(series * rows)
	frames := make([]*data.Frame, series)
	for i := range series {
		from, to := i*rows, (i+1)*rows
		frames[i] = data.NewFrame("cpu",
			data.NewField("time", nil, times[from:to]),
			data.NewField("value", data.Labels{"host": fmt.Sprintf("web-%d", i), "job": "node"}, values[from:to]),
		)
		frames[i].Meta = &data.FrameMeta{Type: data.FrameTypeTimeSeriesMulti, TypeVersion: data.FrameTypeVersion{0, 1}}
	}
	return frames
}

// gaps answers with a table of times, texts and numbers, of which every tenth text and every seventh number is missing.
func (p *probe) gaps(rows int) *data.Frame {
	times, values := p.columns(rows)
	p.held.mu.Lock()
	defer p.held.mu.Unlock()
	if len(p.held.hosts) != rows {
		p.held.hosts, p.held.gaps = make([]*string, rows), make([]*float64, rows)
		for i := range rows {
			if i%10 != 9 {
				host := fmt.Sprintf("web-%d", i%100)
				p.held.hosts[i] = &host
			}
			if i%7 != 6 {
				p.held.gaps[i] = &values[i]
			}
		}
	}
	return data.NewFrame("",
		data.NewField("time", nil, times), data.NewField("host", nil, p.held.hosts), data.NewField("value", nil, p.held.gaps))
}

// work computes a fixed amount.
func work(units int) *data.Frame {
	total := 0.0
	for range units {
		for i := range 1000 {
			total += float64(i)
		}
	}
	return data.NewFrame("", data.NewField("total", nil, []float64{total}))
}

// burn computes for as long as it is told to.
func burn(span time.Duration) *data.Frame {
	total := 0.0
	for end := time.Now().Add(span); time.Now().Before(end); {
		for i := range 1000 {
			total += float64(i)
		}
	}
	return data.NewFrame("", data.NewField("total", nil, []float64{total}))
}

package main

import (
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// held is a table in memory, made when first asked for.
type held struct {
	mu     sync.Mutex
	times  []time.Time
	values []float64
}

// columns answers with a table that was there before the query came: one row a second.
func (p *probe) columns(rows int) *data.Frame {
	p.held.mu.Lock()
	defer p.held.mu.Unlock()
	if len(p.held.times) != rows {
		start := time.Unix(1_700_000_000, 0).UTC()
		p.held.times, p.held.values = make([]time.Time, rows), make([]float64, rows)
		for i := range rows {
			p.held.times[i], p.held.values[i] = start.Add(time.Duration(i)*time.Second), float64(i)/2
		}
	}
	return data.NewFrame("", data.NewField("time", nil, p.held.times), data.NewField("value", nil, p.held.values))
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

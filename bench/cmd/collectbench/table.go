package main

import (
	"fmt"
	"slices"
)

// of picks one figure of all turns.
func of(all []load, name string) []float64 {
	var v []float64
	for _, l := range all {
		v = append(v, l[name])
	}
	return v
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

func spread(v []float64, digits int) string {
	return fmt.Sprintf("%.*f [%.*f..%.*f]", digits, median(v), digits, slices.Min(v), digits, slices.Max(v))
}

// row prints what the turns at one server found.
func row(name string, all []load, what string) {
	unit := "requests/s"
	if what == perEvent {
		unit = "events/s"
	}
	fmt.Printf("  %-36s %s %s, p50 / p99 %.1f / %.1f ms, server CPU %s µs/request\n", name, spread(of(all, what), 0), unit,
		median(of(all, p50)), median(of(all, p99)), spread(of(all, cpu), 1))
}

// rate prints rows a second.
func rate(name string, v []float64) { fmt.Printf("  %-36s %s rows/s\n", name, spread(v, 0)) }

// ratio prints what part of the ceiling was reached, turn by turn, and what
// was aimed at (0: nothing).
func ratio(is, at []float64, aim float64) {
	var r []float64
	for i := range is {
		r = append(r, is[i]/at[i])
	}
	fmt.Printf("  ratio %s", spread(r, 2))
	switch {
	case aim > 0 && median(r) >= aim:
		fmt.Printf(", aim %.1f reached", aim)
	case aim > 0:
		fmt.Printf(", aim %.1f missed", aim)
	}
	fmt.Println()
}

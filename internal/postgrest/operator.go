package postgrest

// This file lists the operators of comparisons.

import (
	"maps"
	"slices"
)

// Operator says how a comparison is written in the language.
type Operator struct {
	Quantified bool // takes (any) and (all)
	List       bool // takes (a,b)
}

// Operators are those that there are, by name.
var Operators = map[string]Operator{
	"eq":         {Quantified: true},
	"neq":        {},
	"gt":         {Quantified: true},
	"gte":        {Quantified: true},
	"lt":         {Quantified: true},
	"lte":        {Quantified: true},
	"like":       {Quantified: true},
	"ilike":      {Quantified: true},
	"in":         {List: true},
	"is":         {},
	"isdistinct": {},
}

// operatorNames are the names of Operators in their order.
func operatorNames() []string { return slices.Sorted(maps.Keys(Operators)) }

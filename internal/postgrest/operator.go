package postgrest

// This file lists the operators of comparisons.

import (
	"maps"
	"slices"
)

// operator says how a comparison is written in the language.
type operator struct {
	Quantified bool // takes (any) and (all)
	List       bool // takes (a,b)
	Language   bool // takes a language in parentheses, which means nothing here
}

// operators are those that there are, by name.
var operators = map[string]operator{
	"eq":         {Quantified: true},
	"neq":        {},
	"gt":         {Quantified: true},
	"gte":        {Quantified: true},
	"lt":         {Quantified: true},
	"lte":        {Quantified: true},
	"like":       {Quantified: true},
	"ilike":      {Quantified: true},
	"match":      {Quantified: true},
	"imatch":     {Quantified: true},
	"fts":        {Language: true},
	"plfts":      {Language: true},
	"phfts":      {Language: true},
	"wfts":       {Language: true},
	"cs":         {},
	"cd":         {},
	"in":         {List: true},
	"is":         {},
	"isdistinct": {},
}

// operatorNames are the names of operators in their order.
func operatorNames() []string { return slices.Sorted(maps.Keys(operators)) }

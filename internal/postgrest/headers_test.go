package postgrest

import (
	"math/big"
	"reflect"
	"strings"
	"testing"
)

func TestWantedCount(t *testing.T) {
	tests := []struct {
		prefer []string
		want   Count
	}{
		{nil, NoCount},
		{[]string{""}, NoCount},
		{[]string{"count=exact"}, CountExact},
		{[]string{"count=planned"}, CountPlanned},
		{[]string{"count=estimated"}, CountEstimated},
		{[]string{"Count = Exact"}, CountExact},
		{[]string{`count="exact"`}, CountExact},
		{[]string{"count=exact; foo=bar"}, CountExact},
		{[]string{"return=representation, count=exact"}, CountExact},
		{[]string{"handling=lenient", "count=exact"}, CountExact},
		{[]string{"count=none"}, NoCount},
		{[]string{"count"}, NoCount},
		{[]string{"count=exactly"}, NoCount},
		{[]string{"recount=exact"}, NoCount},
		{[]string{`co"unt=exact`}, NoCount},
		{[]string{"return=minimal"}, NoCount},
	}
	for _, tt := range tests {
		if got := WantedCount(tt.prefer); got != tt.want {
			t.Errorf("WantedCount(%q) = %q; want %q", tt.prefer, got, tt.want)
		}
	}
}

func TestApplyRange(t *testing.T) {
	tests := []struct {
		name          string
		query, header string
		want          string // the query that means the same, or "" for 416
	}{
		{"from the first row", "", "0-9", "limit=10"},
		{"one row", "", "0-0", "limit=1"},
		{"from another row", "", "5-9", "limit=5&offset=5"},
		{"to the end", "", "5-", "offset=5"},
		{"all", "", "0-", "order=id"},
		{"within the limit", "limit=10", "2-3", "limit=2&offset=2"},
		{"beyond the limit", "limit=10", "5-99", "limit=5&offset=5"},
		{"behind the limit", "limit=10", "20-29", "limit=0&offset=20"},
		{"to the end of the limit", "limit=10", "5-", "limit=5&offset=5"},
		{"all of the limit", "limit=10", "0-", "limit=10"},
		{"no limit at all", "limit=0", "5-9", "limit=0&offset=5"},
		{"with an offset", "offset=5", "0-9", "limit=5&offset=5"},
		{"with a higher offset", "offset=20", "0-9", "limit=0&offset=20"},
		{"with a lower offset", "offset=5", "10-", "offset=10"},
		{"with both", "offset=5&limit=10", "10-99", "limit=5&offset=10"},
		{"more rows than a number holds", "", "5-99999999999999999999", "limit=4611686018427387900&offset=5"},
		{"a row that no table has", "", "99999999999999999999-", "offset=4611686018427387904"},
		{"two rows that no table has", "", "99999999999999999998-99999999999999999999", "limit=1&offset=4611686018427387904"},
		{"the largest limit", "limit=9223372036854775807&offset=9223372036854775807", "0-9", "limit=0&offset=9223372036854775807"},

		{"bytes", "", "bytes=0-9", "order=id"},
		{"bytes to the end", "limit=1", "bytes=5-", "limit=1"},
		{"items", "", "items=0-9", "order=id"},
		{"the last rows", "", "-5", "order=id"},
		{"two ranges", "", "0-4,10-14", "order=id"},
		{"no number", "", "a-b", "order=id"},
		{"no range", "", "5", "order=id"},
		{"a plus sign", "", "+5-9", "order=id"},
		{"a blank", "", "5 -9", "order=id"},

		{"backwards", "", "5-2", ""},
		{"backwards within a limit", "limit=10", "5-4", ""},
		{"backwards from afar", "", "99999999999999999999-0", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parseAsked(t, tt.query)
			err := got.ApplyRange(tt.header)
			if tt.want == "" {
				if refused, ok := err.(*Refusal); !ok || refused.Code != CodeRange || !strings.Contains(refused.Reason, "lower boundary") {
					t.Errorf("ApplyRange(%q, %q) = %v; want PGRST103", tt.query, tt.header, err)
				}
				return
			}
			want := parseAsked(t, tt.want)
			if err != nil || !reflect.DeepEqual(got.Limit, want.Limit) || got.Offset != want.Offset {
				t.Errorf("ApplyRange(%q, %q) = %s, %v; want %s", tt.query, tt.header, describeRequest(got), err, describeRequest(want))
			}
		})
	}
}

// FuzzRange is the law of ranges: limit, offset and range each leave some rows,
// and what is asked of the database are those that all of them leave.
func FuzzRange(f *testing.F) {
	f.Add(uint64(0), uint64(10), true, uint64(5), uint64(20))
	f.Add(uint64(7), uint64(0), false, uint64(0), uint64(0))
	f.Add(uint64(1<<63-1), uint64(1<<63-1), true, uint64(1<<62), uint64(1<<64-1))
	f.Fuzz(func(t *testing.T, offset, limit uint64, limited bool, first, last uint64) {
		offset, limit = offset>>1, limit>>1 // as they are parsed
		req := Query{Offset: offset}
		if limited {
			req.Limit = new(limit)
		}
		number := func(n uint64) *big.Int { return new(big.Int).SetUint64(n) }
		header := number(first).String() + "-" + number(last).String()
		if err := req.ApplyRange(header); err != nil {
			if last >= first {
				t.Errorf("ApplyRange(%d, %d %v, %s) = %v; want no error", offset, limit, limited, header, err)
			}
			return
		}
		isLeft := func(row *big.Int) bool {
			behind := new(big.Int).Add(number(offset), number(limit))
			return row.Cmp(number(offset)) >= 0 && (!limited || row.Cmp(behind) < 0) &&
				row.Cmp(number(first)) >= 0 && row.Cmp(number(last)) <= 0
		}
		isGiven := func(row *big.Int) bool {
			behind := new(big.Int).Add(number(req.Offset), number(*req.Limit))
			return row.Cmp(number(req.Offset)) >= 0 && row.Cmp(behind) < 0
		}
		for _, near := range []uint64{0, offset, offset + limit, first, last, req.Offset, req.Offset + *req.Limit} {
			for _, row := range []uint64{near - 1, near, near + 1} {
				if row < maxRows && isGiven(number(row)) != isLeft(number(row)) {
					t.Errorf("ApplyRange(%d, %d %v, %s) = %s; row %d is given: %v", offset, limit, limited, header,
						describeRequest(&req), row, isGiven(number(row)))
				}
			}
		}
	})
}

package rest

// This file counts what is under way, for operators and for tests of what is left
// in the end.

// Load is what is under way in a Service. All of it is zero once nobody asks any
// more and what was asked for has ended, also in the database.
type Load struct {
	Places  int // of exec.DB, for what takes long and for tables
	Bytes   int // of results that are held, and room that is reserved for some
	Flights int // queries for reads, with those that gather for one
	Streams int // large results that clients take
}

// Load returns what is under way. Its parts may be of different moments.
func (s *Service) Load() Load {
	bytes, flights := s.share.Load()
	return Load{Places: s.db.Places(), Bytes: bytes, Flights: flights, Streams: s.streams.Len()}
}

// SharedReads is how many reads needed no query of their own so far.
func (s *Service) SharedReads() int64 { return s.share.Shared() }

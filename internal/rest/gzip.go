package rest

// This file compresses bodies.

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"
)

// gzipPool keeps compressors, which are large, for the next body. The zero value
// is ready to use.
type gzipPool struct{ pool sync.Pool }

// take returns a compressor that writes to w.
func (p *gzipPool) take(w io.Writer) *gzip.Writer {
	if zip, ok := p.pool.Get().(*gzip.Writer); ok {
		zip.Reset(w)
		return zip
	}
	zip, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // that level exists
	return zip
}

func (p *gzipPool) give(zip *gzip.Writer) { p.pool.Put(zip) }

// compress returns body compressed.
func (p *gzipPool) compress(body []byte) []byte {
	var out bytes.Buffer
	zip := p.take(&out)
	defer p.give(zip)
	_, _ = zip.Write(body) // a bytes.Buffer takes everything
	_ = zip.Close()
	return bytes.Clone(out.Bytes())
}

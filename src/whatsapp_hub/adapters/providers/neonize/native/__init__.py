"""The Go library, its events' shapes, its store."""

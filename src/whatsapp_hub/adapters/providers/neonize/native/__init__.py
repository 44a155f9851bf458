"""The Go library, the shapes of its events, its store."""

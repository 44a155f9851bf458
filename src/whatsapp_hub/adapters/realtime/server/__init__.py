"""The Socket.IO server within its bounds: the one place that looks at what comes in, and inside the libraries."""

"""The bounded Socket.IO server: the only place that inspects raw input and uses the libraries' internals."""

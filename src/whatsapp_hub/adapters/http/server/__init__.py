"""The server around the handlers: limits, proxies, each request's context."""

"""Events of the log as the log, streams, sockets and webhooks show them."""

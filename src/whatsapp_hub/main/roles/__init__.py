"""The processes by role: API, worker, connector."""

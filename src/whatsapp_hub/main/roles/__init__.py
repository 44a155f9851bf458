"""The roles' processes: API, worker, connector."""

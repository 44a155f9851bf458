"""What the hub's ingest is compared with: the same stack doing less, or doing it the usual way."""

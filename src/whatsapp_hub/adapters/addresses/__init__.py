"""Parsers of DATABASE_URL and REDIS_URL, one each for every driver and program that connects."""

"""DATABASE_URL and REDIS_URL: one parser each, for every driver and program that connects."""

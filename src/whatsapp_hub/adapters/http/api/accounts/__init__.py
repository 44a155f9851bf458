"""Resources of accounts: sign-in, users, companies, keys."""

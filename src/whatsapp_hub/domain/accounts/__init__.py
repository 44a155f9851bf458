"""People and programs that enter: sign-ins."""

"""Share a few of PostgreSQL's connections among the stores of all numbers of a process."""

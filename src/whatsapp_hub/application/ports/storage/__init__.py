"""One transaction of one tenant, and the repositories in it."""

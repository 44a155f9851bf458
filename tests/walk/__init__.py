"""The recorded walk: one fixed story through every route and socket event, and the comparison of two recordings."""

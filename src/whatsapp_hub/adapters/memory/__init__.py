"""Storage and queues in the process's memory: the fake of the tests, and a start for those who embed the hub.

Needs the standard library alone. Forgets everything with the process; `docs/embedding.md` says what else it lacks.
"""

"""Faults while messages flow: is anything lost, is anything sent twice? `python -m benchmarks.chaos`."""

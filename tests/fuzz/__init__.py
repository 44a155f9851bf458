"""Fuzzing without a framework: each input comes from a seed and its own number alone, so that any is made again."""

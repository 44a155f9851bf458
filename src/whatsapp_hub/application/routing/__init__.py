"""Decide who answers: the flow's steps, assignment, queues, time-outs."""

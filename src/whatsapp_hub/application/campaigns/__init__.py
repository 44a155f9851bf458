"""Campaigns: made, started, paused, filled into the lanes, counted; and opt-outs."""

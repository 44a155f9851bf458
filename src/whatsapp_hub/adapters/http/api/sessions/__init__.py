"""Resources of sessions: pairing, bots, the sandbox."""

"""Conversations: their states, their routing, and what agents attach to them."""

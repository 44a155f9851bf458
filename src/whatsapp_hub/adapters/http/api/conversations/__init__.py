"""Resources of conversations, their messages and their notifications."""

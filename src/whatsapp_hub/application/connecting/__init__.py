"""What a connector process does: hold the sessions whose sockets must stay open."""

"""Run a connector process: hold the sessions whose sockets must stay open."""

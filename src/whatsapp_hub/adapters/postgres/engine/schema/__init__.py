"""What a schema consists of: its functions, its catalogue, and how one of the last revision before is stamped."""

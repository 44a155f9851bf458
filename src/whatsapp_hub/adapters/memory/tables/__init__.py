"""Tables: the rows that are stored, and what can be read off them."""

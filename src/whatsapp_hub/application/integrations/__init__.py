"""Use cases: telling other systems what happens."""

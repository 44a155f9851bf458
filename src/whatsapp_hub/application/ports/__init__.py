"""What the use cases need from the world, as protocols whose docstrings state the contract."""

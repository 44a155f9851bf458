"""The world's phone numbering plans."""

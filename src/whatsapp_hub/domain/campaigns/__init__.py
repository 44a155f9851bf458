"""One template to many contacts, and who wants no such message. Standard library only."""

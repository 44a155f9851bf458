"""Rows of files: what is known of them, what the file store holds, what is to be fetched."""

"""Sign-in by an OpenID provider: its document and keys, its tokens, and how it is asked."""

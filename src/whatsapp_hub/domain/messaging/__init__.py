"""Messages, their content and media, and contacts."""

"""Messages, their content and media, and the contacts who write them."""

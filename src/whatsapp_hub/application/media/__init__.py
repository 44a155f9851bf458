"""Files of messages: kept by their content, read, collected when nothing names them any more."""

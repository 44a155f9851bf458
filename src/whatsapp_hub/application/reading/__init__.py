"""Query ports: what pages and lists show. They return entities as they were; nobody saves them back."""

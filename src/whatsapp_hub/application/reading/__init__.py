"""Query ports for lists and pages. They return entities to show, never to be saved."""

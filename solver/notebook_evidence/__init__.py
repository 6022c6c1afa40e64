"""Evidence read from the figures of an executed notebook of the course."""

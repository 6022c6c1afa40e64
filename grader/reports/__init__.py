"""Pages about a class and its students."""

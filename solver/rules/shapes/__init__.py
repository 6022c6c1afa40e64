"""Rules on shapes that a map shows, by line drawings fitted to it."""

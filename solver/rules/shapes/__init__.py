"""Rules on the shape of what a map shows, by line drawings fitted to it."""

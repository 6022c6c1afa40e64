"""Rules on where a map is bright, and how alike two maps are."""

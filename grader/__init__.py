"""From exports and a key to scores: reading, grading, item analysis, regrading, commands."""

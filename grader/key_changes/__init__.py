"""A key changed after the quiz: overrides, and what a regrade does to a class."""

"""The page of the answer key: what was measured, drawn so that a person can judge it."""

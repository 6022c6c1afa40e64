"""The page of the answer key: measurements drawn so that a person can judge them."""

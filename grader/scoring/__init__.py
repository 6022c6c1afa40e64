"""From a key and answers to points."""

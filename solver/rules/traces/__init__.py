"""Rules on how a method works, decided on traces of its runs."""

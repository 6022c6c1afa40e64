"""Wordings of a quiz's questions and options, and their way through Canvas into a cell."""

"""Explanations of BERT, a module a method."""

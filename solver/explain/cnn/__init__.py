"""Explanations of the food CNN, a module a method."""

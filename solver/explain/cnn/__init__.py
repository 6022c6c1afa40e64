"""Explanations of the network of pictures, a module a method."""

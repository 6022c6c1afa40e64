"""Readers of the kinds of figures in the course's notebook: pixels in, values out."""

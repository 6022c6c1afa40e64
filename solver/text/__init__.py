"""Texts in both languages, numbers and spacing; used by pages of both halves."""

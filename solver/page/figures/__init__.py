"""Figures of the answer key's page, a module a kind."""

"""Checks of a key: against its own verdicts, and against the bank it is used with."""

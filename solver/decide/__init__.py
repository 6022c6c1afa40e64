"""Evidence to verdicts, and how stable they are."""

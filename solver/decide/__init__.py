"""From evidence to verdicts, and how stable they are."""

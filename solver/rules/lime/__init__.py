"""Rules on LIME's overlay."""

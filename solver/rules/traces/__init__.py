"""Rules on how a method works, decided on what was recorded while it ran."""

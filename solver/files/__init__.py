"""Files written whole, swapped, locked and read safely; used by both halves."""

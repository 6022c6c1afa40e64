"""From materials to a key in a folder."""

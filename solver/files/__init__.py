"""Files, as both halves of the program read and write them."""

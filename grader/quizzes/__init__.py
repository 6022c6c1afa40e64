"""How one quiz words its questions and options, and what becomes of the words on their way."""

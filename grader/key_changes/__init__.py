"""Changes of a key after the quiz: overrides, and regrades of a class."""

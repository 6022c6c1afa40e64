"""A bank of questions: its language, how it sets methods, its wordings."""

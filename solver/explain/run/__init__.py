"""Explanations run, each once, in one process or several."""

"""The course's materials, loaded and checked."""

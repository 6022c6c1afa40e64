"""The self-check of one student: answers read leniently, checked, and shown on a page."""

"""A run's folder: made, recorded, added up, regraded."""

"""Rules on where named tokens lie among the others, layer by layer."""

"""Rules on filters and activations."""

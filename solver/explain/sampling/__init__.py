"""Early stopping of means over samples, once their claims are decided."""

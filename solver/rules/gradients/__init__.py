"""Rules on how saliency, SmoothGrad and integrated gradients work."""

"""How far a mean over samples is taken: until its claims are decided."""

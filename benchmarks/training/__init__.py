"""Training: speed, and what recipes and rules gain."""

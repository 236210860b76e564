"""Silver labels and the selection of training data."""

"""Connect thinc and torch: the registered architectures, checkpoints, and training."""

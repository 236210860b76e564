"""Where thinc and torch meet: the registered architecture, checkpoints, arrays <-> tensors."""

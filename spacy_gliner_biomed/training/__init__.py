"""Training: gold spans, label sampling, targets, loss, corpus readers. No torch."""

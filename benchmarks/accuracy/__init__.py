"""Accuracy of entities on annotated corpora."""

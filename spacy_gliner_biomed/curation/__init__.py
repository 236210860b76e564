"""Choosing and cleaning training data."""

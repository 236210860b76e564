"""Selects and cleans training data."""

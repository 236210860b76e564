"""Corpora and documents of many millions of words."""

"""Terminologies to build a knowledge base from: MeSH, UMLS, OBO, tables, JSON lines."""

"""Links entities to concept ids: the component, its ranking, and what both read from Docs.

A terminology (MeSH, UMLS, OBO, a table) is the source; a knowledge base is what is built from it.
"""

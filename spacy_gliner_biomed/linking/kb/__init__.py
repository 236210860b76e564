"""A knowledge base: its files, how it is built, and the search for candidates."""

"""Write annotated Docs in the formats of other tools."""

"""Read texts and entities in the formats of other tools; `table` lists all formats."""

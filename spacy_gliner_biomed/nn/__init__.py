"""The networks, in torch alone. Axis letters are explained in `spacy_gliner_biomed.types`."""

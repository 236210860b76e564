"""The networks, in plain torch. Axis letters are explained in `spacy_gliner_biomed.types`."""

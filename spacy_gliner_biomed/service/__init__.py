"""An HTTP service around one pipeline, and a page that tries it: `spacy gliner serve`."""

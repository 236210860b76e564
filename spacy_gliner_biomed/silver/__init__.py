"""Silver annotations: a language model reads texts and answers with entities as JSON."""

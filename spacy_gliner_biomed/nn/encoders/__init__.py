"""Our own BERT and DeBERTa: names of weights and results as in transformers, but faster."""

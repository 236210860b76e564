"""Faster BERT and DeBERTa, with the weight names and the results of transformers."""

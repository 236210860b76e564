"""Annotates corpora of any size with worker processes, Ray or Spark; nothing is lost or doubled."""

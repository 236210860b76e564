"""Benchmarks; run from the root of the repository as `python -m benchmarks.FOLDER.SCRIPT`."""

"""Read files into Docs, run a pipeline over them, and write Docs to files."""

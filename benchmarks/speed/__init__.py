"""Speed beside the GLiNER package, and what each optimization gains."""

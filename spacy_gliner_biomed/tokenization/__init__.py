"""From text to index arrays and back: words, windows, prompts, rows, alignment. No torch."""

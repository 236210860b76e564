"""The parts of the HTML page that `documents.html` writes."""

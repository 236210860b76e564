"""Entity linking: accuracy, speed and size."""

"""Arrays in, measurements out."""

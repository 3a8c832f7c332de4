"""What an experiment shows: claims, tables, figures, statistics."""

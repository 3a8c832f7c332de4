"""Networks whose neurons grow dendrites."""

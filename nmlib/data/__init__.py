"""What goes into an experiment: grain sources and generated tasks."""

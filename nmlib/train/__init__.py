"""How an experiment is run: fit, checkpoints, sharding, reports."""

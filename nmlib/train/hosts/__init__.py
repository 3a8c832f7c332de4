"""Where an experiment runs: processes, meshes, shardings, signals."""

"""Mechanisms of dynamical intelligence: synchrony, nested rhythms, sequences.

Monaco, Rajan & Hwang (arXiv 2105.07284) is a perspective article: it argues
that sparse structure and temporal dynamics form a layer of computing, and has
no model, data or number of its own. Nothing here is a result of the article:
the mechanisms are the literature's, and their closed forms are what is held.

  python -m launch.dynamical_intelligence                 # small: minutes
  python -m launch.dynamical_intelligence --config.order.num_units=500
  python -m launch.dynamical_intelligence --preset=paper  # larger, more seeds

Kuramoto's order parameter on theory; how many items a theta-gamma buffer holds;
sequences whose order is read from a matrix; a reader that follows one of two
streams by its phase; swarmalators; serial recall by a buffer and by a GRU.
"""

"""A network that is shown a few neurons of a circuit learns the others too.

FROM AN ABSTRACT. Of Salatiello and Giese (arXiv 2005.02211, ICANN 2020) only
the abstract was at hand: none of its sizes, rules and numbers. The circuit to
be learned is one of the literature (stability-optimised: Hennequin, Vogels and
Gerstner 2014), and so are the two rules (gradients through time; recursive
least squares as in full-FORCE, DePasquale et al. 2018). No number here is the
paper's.

  python -m launch.rnn_population_dynamics           # small: minutes, 2 cores
  python -m launch.rnn_population_dynamics --config.fractions="(0.0, 0.05, 0.2)"
  python -m launch.rnn_population_dynamics --preset=paper   # hours

From the abstract: a network trained to give the output of a target circuit,
and the activity of a small part of its neurons, comes to have the dynamics of
its whole population, and generalises better than one trained on the output.
"""

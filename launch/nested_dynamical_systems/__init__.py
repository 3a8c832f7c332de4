"""Learners and dynamical systems that wire by law.

Spivak & Hosgood (arXiv 2111.01297), a mathematical essay: deep networks and
interacting dynamical systems are arrows of one kind, whose state chooses how
they are wired. It has no experiment. Those here are ours, and hold the
functions of `nmlib.networks.wiring` to what the laws say:

  python -m launch.nested_dynamical_systems                # small: a minute
  python -m launch.nested_dynamical_systems --config.period=20
  python -m launch.nested_dynamical_systems --preset=paper # more seeds, longer

A network composed of learners is plain SGD; machines in feedback are the block
system; wiring that depends on state follows a switch that fixed wiring does
not; a circuit of C. elegans swims as a wiring of machines.
"""

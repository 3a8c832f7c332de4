"""Dendrite growth: a trained network gets dendrites for its remaining error.

Brenner and Itti (arXiv 2501.18018, 2025): when training no longer helps, every
neuron gets a node with the same inputs, trained (all else frozen) to covary
with the neuron's remaining error; the node is frozen, feeds the neuron through
one weight, and training goes on. The published rule, not the authors' closed
trainer.

  python -m launch.dendrite_growth                       # small: ten minutes
  python -m launch.dendrite_growth --preset=layers       # other kinds of layer
  python -m launch.dendrite_growth --preset=compression  # small against large
  python -m launch.dendrite_growth --preset=paper        # wider, longer
  python -m launch.dendrite_growth --config.tasks='("deep",)' --workdir=runs/d

Every rival takes as many optimizer steps in all: training on without dendrites
(control), dendrites that stay random, dendrites trained by ordinary gradients
through the network (gradient), and a plain network of as many parameters
(wide). Tasks: two perceptrons on 8 x 8 digits and a network over point clouds
of five solids; on request a convolutional network, a transformer, and two
recurrent networks on digits. Several widths show whether a small network with
dendrites replaces a large one without.
The same command again resumes; a finished run prints its report at once.
"""

"""Learners that regulate their own learning rate, under concept shift.

Man, Damasio, Neven, "Need is all you need: homeostatic neural networks adapt
to concept shift" (arXiv 2205.08645): digits 5 to 9 raise the learning rate of
the network that sees them, 0 to 4 lower it; it simulates its next step at both
rates, and takes a digit in if it would then know more. While labels are
exchanged, such learners should beat constant and randomly regulated rates.

  python -m launch.homeostatic_nn                   # small: minutes on 2 cores
  python -m launch.homeostatic_nn --preset=paper --path=mnist/
  python -m launch.homeostatic_nn --preset=fashion  # Fashion-MNIST, by TFDS
  python -m launch.homeostatic_nn --config.per_neuron=True

The rule is the authors' released one, and is checked against it. On a small
stream its decisions hardly matter, and the paper's ordering does not appear;
`strong` is a variant of ours whose decisions do. All rates, numbers of swaps
and seeds of a learner run in one program.
"""

"""Dopamine: a frozen network changes its mode by thresholds and gains.

Ghasemlou, "Brain Modes, Not Brains" (arXiv 2602.11726, 2026): pretrain a small
perceptron on digits seen upright and rotated by 45 degrees, freeze it, and
learn one threshold and one gain for each hidden neuron on rotated digits only.

  python -m launch.dopamine_modes                  # small: minutes, 2 cores
  python -m launch.dopamine_modes --preset=paper   # MNIST, ten seeds
  python -m launch.dopamine_modes --config.angle=90 --workdir=runs/90

Each way to adapt trains at four learning rates at once, with equal steps and
the same order of data; the rate is chosen on validation images. The same is
done on a base that never saw rotated digits, to show what gates cannot do, for
other angles and lengths of pretraining, and with other kinds of gate: annealed,
straight-through at the end, tied, of positive gain, sparse.
Beyond the paper, one base (a perceptron, a convolutional network, a
transformer) gets a mode for each of several angles, and a selector that infers
the mode from the image. `small` uses the 8 x 8 digits that come with nmlib
(six minutes on a core), `paper` MNIST (TFDS, or --path). The same command
again resumes; a finished run prints its report at once.
"""

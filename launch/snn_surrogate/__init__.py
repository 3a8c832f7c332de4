"""Spiking networks by surrogate gradients and by conversion.

Tavanaei et al., "Deep Learning in Spiking Neural Networks" (arXiv 1804.08150,
2019): trained through surrogate derivatives, or converted from a ReLU network,
spiking networks come close to conventional ones with fewer operations.

  python -m launch.snn_surrogate                  # small: minutes, 2 cores
  python -m launch.snn_surrogate --preset=paper   # MNIST, 784-800-10
  python -m launch.snn_surrogate --config.num_steps=50 --workdir=runs/slow

Digits are shown in a rate code (Poisson) and in a latency code (one spike a
pixel); each surrogate trains the same network from the same seeds, beside a
ReLU network that is then converted. A second task, spike patterns in which
every unit fires exactly once, can be solved by timing only: its control draws
the times anew and keeps the counts. Operations and energy are counted for all.
`small` uses the 8 x 8 digits that come with nmlib, `paper` MNIST (TFDS, or
--path). The same command again resumes.
"""

"""`python -m launch.snn_surrogate`."""

from nmlib import train

train.launch(__package__)

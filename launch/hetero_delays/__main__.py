"""`python -m launch.hetero_delays`."""

from nmlib import train

train.launch(__package__)

"""`python -m launch.dendrite_growth`."""

from nmlib import train

train.launch(__package__)

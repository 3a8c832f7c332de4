"""`python -m launch.bdh`."""

from nmlib import train

train.launch(__package__)

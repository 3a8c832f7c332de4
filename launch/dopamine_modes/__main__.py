"""`python -m launch.dopamine_modes`."""

from nmlib import train

train.launch(__package__)

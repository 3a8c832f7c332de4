"""`python -m launch.active_dendrites`."""

from nmlib import train

train.launch(__package__)

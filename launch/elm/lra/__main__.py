"""`python -m launch.elm.lra`."""

from nmlib import train

train.launch(__package__)

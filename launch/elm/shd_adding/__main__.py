"""`python -m launch.elm.shd_adding`."""

from nmlib import train

train.launch(__package__)

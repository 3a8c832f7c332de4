"""`python -m launch.rich_lazy`."""

from nmlib import train

train.launch(__package__)

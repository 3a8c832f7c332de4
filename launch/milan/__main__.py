from nmlib import train

train.launch(__package__)

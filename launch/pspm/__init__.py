"""Learning to fire at given times without gradients: pre-synaptic pools.

Bagley, Bordelon, Moseley, Wessel (arXiv 1810.03199): random changes to the
weights from the neurons that fired before each missing or surplus spike make
an all-to-all network of spiking neurons reproduce a target's spike trains. The
weights it finds are not the target's, and homeostasis alone, which matches
other statistics such as avalanches, does not make the trains similar.

  python -m launch.pspm                         # small: minutes, a core
  python -m launch.pspm --config.settings='("uniform","half_max","sparse")'
  python -m launch.pspm --preset=paper          # 4 settings, 30 trials each

Targets are made by a network of the same kind with other weights and the same
noise, or by a critical network, for which we wrote a generator of our own: the
paper's is not published. Each trial learns by the local and the homeostatic
rule, by either alone, and beside a control network that takes the same steps at
random synapses.
"""

"""BDH as a graph: communities of neurons, hubs, synapses that mean one thing.

Sections 5 and 6 of Kosowski et al. (arXiv 2509.26507, 2025) look into a trained
model: the strongest weights between its neurons make a modular graph with heavy
tails, and single synapses are strong only after sentences that name a currency.

  python -m launch.bdh.graph                     # trains as launch.bdh, looks
  python -m launch.bdh.graph --trained=runs/bdh-small  # only looks: a minute
  python -m launch.bdh.graph --preset=paper      # 25M parameters, one GPU

Modularity is compared with graphs of as many edges: the same weights at random
places, and products of Gaussian matrices. A synapse is chosen on half of the
sentences and tested on the other, which has other words, beside the same search
with shuffled labels. Training in `paper` is 8e16 operations, a quarter of an
hour at 100 TFLOP/s, and its graphs are half an hour of Louvain's method on a
core: estimates, it was not run. The words are numbers in lines of Python, for
--config.templates, --config.members and --config.others.
"""

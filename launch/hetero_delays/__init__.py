"""Synapses with delays see motion in events, and recover planted delays.

Grimaldi, Perrinet (arXiv 2307.14077, Biological Cybernetics 2023): a single
layer whose synapses have a weight and a delay tells motions apart in the
events of a camera, and keeps doing so when most synapses are pruned.

  python -m launch.hetero_delays                  # small: minutes on 2 cores
  python -m launch.hetero_delays --preset=paper --config.images=natural.npy

Motion: textures (or your images) moved along saccade-like random walks; the
layer is trained to name the motion at every pixel and step, then pruned by
magnitude and by delay. Recovery: spike trains with planted motifs, whose
delays detectors must find, once with a weight for every delay and once with
one learned delay a synapse. Seeds train together.
"""

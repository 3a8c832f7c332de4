"""A spiking memory of the hippocampus, recalled by cue and by content.

Casanueva-Morato et al. (arXiv 2310.05868, Neural Networks 2024): spiking cells
with the wiring of CA3 learn pairs of a cue and a content in 3 ms, by STDP; the
cue recalls the content, any bit of it recalls all cues that go with it, and
what is learnt anew under a cue replaces what was.

  python -m launch.hippocampus_cam                 # small: minutes, 2 cores
  python -m launch.hippocampus_cam --config.spacings=6,14
  python -m launch.hippocampus_cam --preset=paper  # more seeds, larger memory

The paper's three experiments run as they are, and every spike is held against
the published rasters. Then: random contents over the time between operations, a
memory of 256 cues and 256 bits, and a finer time step.
"""

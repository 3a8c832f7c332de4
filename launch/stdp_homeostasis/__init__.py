"""Patterns learned from one presentation by STDP and homeostasis.

A RECONSTRUCTION. Of Davies, Gait, Rowley, Di Nuovo (arXiv 2312.02659,
Neurocomputing 2025) only the abstract was available to us: no size, constant,
equation or table in it. What is measured here is a model of our own that does
what the abstract says, and no number of it is the article's.

  python -m launch.stdp_homeostasis                  # small: a minute, a core
  python -m launch.stdp_homeostasis --config.detector.factor=1.2
  python -m launch.stdp_homeostasis --preset=paper   # 256 channels, 1000 draws

From the abstract: spikes of many channels in one step are learned from one
supervised presentation; one pattern makes an ideal detector; with two or three
in one network the accuracy depends on how similar they are; the homeostatic
factor lets it accept similar patterns. Every decision is a simulated neuron's.
"""

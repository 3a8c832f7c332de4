"""Spiking units with slow astrocytes, in a language model: a RECONSTRUCTION.

Of Shen et al., "Astrocyte-Enabled Advancements in Spiking Neural Networks for
Large Language Modeling" (arXiv 2312.07625, 2023), only the abstract was
available to us. The equations of the unit, the sizes and the thresholds are
ours: they have the properties that the abstract names, and no result here is
the authors'. Where no number of theirs is known, none stands beside ours.

  python -m launch.astrosnn                     # small: minutes on 2 cores
  python -m launch.astrosnn --text_file=my_texts/
  python -m launch.plan --experiment=astrosnn --preset=paper \\
      --topology=v5p:4x4x4                      # 1.5 billion weights, planned

Delayed recall: which channel fired first is asked after a delay, of units with
an astrocyte, with a fast one, with recurrent spikes in its place, and of plain
ones. Text: bits a byte of the language model beside a GRU, plain spiking
neurons and linear attention of equal size, on the same bytes. Seeds train
together. `125m` and `paper` (1.5 billion) are sizes for accelerators.
"""

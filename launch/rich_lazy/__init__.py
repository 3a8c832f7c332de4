"""Rich or lazy: how the rank of initial connectivity shapes learning.

Liu, Baratin, Cornford, Mihalas, Shea-Brown, Lajoie (arXiv 2310.08513, ICLR
2024) train recurrent networks that start from connectivity of a chosen rank
and equal norm. High rank: lazy learning, little change of the representation
and the tangent kernel; low rank: rich learning.

  python -m launch.rich_lazy                        # small: minutes, a core
  python -m launch.rich_lazy --jax_num_cpu_devices=8    # seeds over 8 cores
  python -m launch.rich_lazy --connectivity=W.npz   # your own matrix in it
  python -m launch.rich_lazy --preset=structured    # Dale's law, motifs, ...
  python -m launch.rich_lazy --preset=connectome    # a worm's wiring in it
  python -m launch.rich_lazy --preset=paper         # 300 units

Every rank and seed of a task trains in one program, on the same trials. A
network stops once its smoothed loss reaches the task's criterion; only those
that did count, for an untrained network looks lazy.
"""

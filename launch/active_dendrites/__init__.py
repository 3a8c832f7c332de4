"""Active dendrites: many tasks in sequence without being told which is which.

Ahmad and Hawkins (arXiv 1601.00720, 2016) explain why a dendritic segment
recognises sparse patterns reliably; Grewal et al. (2021) and Iyer et al. (arXiv
2201.00042, 2022) gate the units of a network by such segments and keep only k
winners, so that each task uses a subnetwork of its own and later tasks
overwrite little.

  python -m launch.active_dendrites                 # small: minutes, 2 cores
  python -m launch.active_dendrites --preset=paper  # 10 tasks, one accelerator
  python -m launch.active_dendrites --config.num_tasks=16 --workdir=runs/16

Each task is the digits under another fixed permutation of the pixels, learned
one after the other; at the end all are tested. The context is the mean image
of the task, at test time the nearest of those seen. `small` uses the 8 x 8
digits that come with nmlib, `paper` MNIST (TFDS, or --path to its files).
The same command again resumes; a finished run prints its report at once.
"""

"""BDH, the Dragon Hatchling: a language model of neurons and Hebbian synapses.

Kosowski, Uznanski, Chorowski, Stamirowska, Bartoszkiewicz (arXiv 2509.26507,
2025) train a network of n neurons whose only working memory is Hebbian fast
weights. It learns language about as well as a Transformer, and its activations
become sparse though nothing asks them to.

  python -m launch.bdh                        # small: about 4 minutes, 2 cores
  python -m launch.bdh --text_file=my_texts/  # on your own text or folder
  python -m launch.bdh --sample="def main("   # from the newest checkpoint
  python -m launch.bdh --preset=paper         # the authors' demo, one GPU

`small` learns the bytes of the Python standard library, which every machine
with Python has: three seeds, trained together, against n-gram baselines on the
same held-out files. `paper` is the setting of the authors' released demo: 25M
parameters, 49M bytes of tiny Shakespeare (through TFDS, or --text_file); 6e16
operations, ten minutes at 100 TFLOP/s by that count: it was not run.
The same command again resumes; a finished run prints its report at once.
"""

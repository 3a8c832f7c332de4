"""BDH beside a Transformer of as many parameters, at several sizes.

Kosowski, Uznanski, Chorowski, Stamirowska, Bartoszkiewicz (arXiv 2509.26507,
2025) train BDH of 25M to 800M parameters and GPTXL, a Transformer with ALiBi
and carried keys and values, on the same bytes (figure 7). Both improve with
size; plain BDH-GPU, which is what is here, trails at each.

  python -m launch.bdh.scaling                        # small: minutes, 2 cores
  python -m launch.bdh.scaling --text_file=my_texts/  # on your own text
  python -m launch.bdh.scaling --preset=paper --text_file=europarl.txt

`small` learns the Python standard library at three sizes, 0.066M to 0.21M; BDH
grows by its number of neurons alone, as in the paper. Both models of a size see
the same crops in the same order; three seeds train together. `paper` carries
states, keys and values from window to window of a stream: 2.3e20 operations,
650 hours at 100 TFLOP/s, 11 of them for the smallest size; the largest BDH
carries 8.6 GB of synapses a row. It was not run.
BDH-GPU', the variant with gates that matches GPTXL in that figure, has no
published equations: it cannot be reproduced, and is not here.
"""

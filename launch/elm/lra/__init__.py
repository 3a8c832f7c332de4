"""ELM on tasks of the Long Range Arena, beside LSTMs.

Spieler, Rahaman, Martius, Schoelkopf, Levina (arXiv 2306.16922, ICLR 2024)
find that one ELM neuron with more memory units holds its own on long
sequences, where LSTMs do not.

  python -m launch.elm.lra                         # small: minutes on 2 cores
  python -m launch.elm.lra --preset=paper          # full lengths
  python -m launch.elm.lra --config.tasks=text --config.path=reviews

ListOps and Pathfinder are generated; images and text come by TFDS, or from
`train` and `test` files in --config.path (.npz of images and labels; .tsv of
label and text; .tsv of Source and Target for ListOps; the published pairs of
papers for retrieval, which come from files only). Every task has an
embedding or projection before the neuron, as its authors advise. Seeds train
together; a model is a stage.
"""

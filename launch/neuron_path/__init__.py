"""One hidden neuron per layer that together matter most to a class.

Wang et al. (ICLR 2025, arXiv 2503.09046) look for paths in Vision Transformers:
a neuron of each layer's perceptron at the class token, found greedily from
input to output by the joint attribution score of the whole path.

  python -m launch.neuron_path                 # small: minutes on 2 cores
  python -m launch.neuron_path --preset=real \\
    --weights=model.safetensors --images=FOLDER
  python -m launch.neuron_path --preset=paper \\
    --weights=ViT-B_16.npz --images=FOLDER   # a GPU; about a day

A path that maximises a score wins on that score by construction, so that here
removal decides: how much of the class's probability is lost when the path is.
`real` and `paper` need files: weights, whose sizes count in place of network.*,
and a folder of a folder of images for each class, named by its number. Nothing
is generated in their place, or learns as loop.* says.
"""

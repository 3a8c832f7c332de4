"""Facets of a class, drawn: one image for each kind of thing a unit answers to.

Nguyen, Yosinski and Clune (arXiv 1602.03616): the images of a class are
clustered by their codes (principal components, t-SNE, k-means), and activation
maximisation starts from the mean of those nearest to each centroid.

  python -m launch.multifaceted_viz                 # small: minutes, two cores
  python -m launch.multifaceted_viz --config.sweeps=100
  python -m launch.multifaceted_viz --preset=real \
      --weights=efficientnet_lite0.safetensors --images=cats --unit=285
  python -m launch.multifaceted_viz --preset=paper --weights=resnet50.npz \
      --images=bell_pepper --unit=945                # see below

small plants three facets in each of three classes of generated shapes, and asks
an independent network which of them an image shows. real and paper read a
user's weights and a folder of one class's images: real took 22 minutes on two
shared cores on EfficientNet-Lite0; paper ten facets on ResNet-50, with the
published stages, about ten hours there, or minutes on a GPU (estimated from
their operations, not run).
"""

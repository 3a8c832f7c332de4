"""Units of image networks described in words, and deleted by what they say.

MILAN (Hernandez et al., arXiv 2201.11114, ICLR 2022): a captioner reads the
image regions that excite a unit most; of its descriptions the one of greatest
weighted pointwise mutual information is taken.

  python -m launch.milan                    # small: minutes on two cores
  python -m launch.milan --photographs=FOLDER --weights=FILE  # your images
  python -m launch.milan --preset=paper --annotations=FOLDER --weights=FILE

small trains five small networks on generated shapes, whose letters tell the
shape in half of the images, dissects their 400 units, and learns to describe
those of four networks; the fifth is described, and loses the units whose
description names the letter. With --photographs the units of EfficientNet-Lite0
(FILE: its weights) are dissected on a folder of images, and shown with their
regions: there is nothing to learn descriptions from. paper learns from units
that people have described (MILANNOTATIONS), seen by a ResNet-101: about two
hours on one GPU, estimated from operations.
"""

"""Units of image networks described in words, and deleted by what they say.

MILAN (Hernandez et al., arXiv 2201.11114, ICLR 2022): a captioner reads the
image regions that excite a unit most; of its descriptions the one of greatest
weighted pointwise mutual information is taken.

  python -m launch.milan                    # small: minutes on two cores
  python -m launch.milan --preset=real --images=FOLDER --weights=FILE
  python -m launch.milan --preset=paper --annotations=FOLDER --weights=FILE

small trains five networks on generated shapes, whose letters tell the shape in
half of the images, learns from the units of four to describe the fifth's, and
deletes those whose description names the letter. real shows units of
EfficientNet-Lite0 (FILE) in your images; there are no descriptions to learn
from. paper learns from units that people have described (MILANNOTATIONS:
annotations.csv, LAYER/images.npy and masks.npy), seen by a ResNet-101 (FILE, by
the names of torchvision): about two hours on one GPU, estimated.
"""

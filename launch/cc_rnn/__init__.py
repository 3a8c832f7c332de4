"""A cerebellum predicts feedback that a recurrent network must not wait for.

Pemberton, Boven, Apps, Costa (arXiv 2110.11501, NeurIPS 2021): a recurrent
"cortex" that learns from windows of T steps gets, at the end of each window, a
gradient that a feed-forward "cerebellum" predicts in place of the windows to
come.

  python -m launch.cc_rnn                     # small: minutes on 2 cores
  python -m launch.cc_rnn --config.captions=features.npz   # your own captions
  python -m launch.cc_rnn --preset=paper      # every T, MNIST through TFDS

Lines are drawn with and without a cerebellum for several T; with T = 1 the
cerebellum, or what teaches it (the inferior olive), is removed half way, or
never learns. Then digits read row by row are named and drawn. Captions (arrays
`features` [N, F], `words` int [N, L]) are learned from your file alone; we have
none, so that part has not been run at size. Seeds train together.
"""

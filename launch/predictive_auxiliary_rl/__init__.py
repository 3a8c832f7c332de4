"""An agent that predicts its own latents, and is to learn better for it.

Fang and Stachenfeld (arXiv 2310.06089, ICLR 2024): double DQN in a room of
8 x 8 cells whose pixels are shuffled, with and without a loss that predicts the
next latent and terms that hold latents apart.

  python -m launch.predictive_auxiliary_rl                 # small: see below
  python -m launch.predictive_auxiliary_rl --config.num_updates=12000
  python -m launch.predictive_auxiliary_rl --preset=paper  # 25 seeds, 6 models

small is 6 seeds of 30,000 updates a model, some minutes on two cores. Behaviour
is random, as the authors' is, so that all transitions are drawn before anything
is learned, and a run is one scan; the room's 64 images are encoded once an
update. Then a ring of 28 cells, for the place fields of what is predicted, and
two transitions of the trained room exchanged.
"""

"""A worm's motor circuit as a prior: a swimmer that swims before it learns.

Bhattasali, Zador, Engel, "Neural Circuit Architectural Priors for Embodied
Control" (arXiv 2201.05242, NeurIPS 2022): a circuit of C. elegans with four
weights whose signs are held, in a swimmer of six links.

  python -m launch.ncap                     # small: minutes on 2 cores
  python -m launch.ncap --config.circuit.period=90
  python -m launch.ncap --preset=paper      # PPO, DDPG, ES, 5 million steps

Return of an episode of 1000 steps, untrained, on 6 and 12 links, beside random
actions and circuits that lack a part; evolution strategies on the four weights;
PPO beside a perceptron at equal budget. Physics agree with MuJoCo's, which is
not needed. `swimming.gif` in the workdir shows the untrained circuit at work.
"""

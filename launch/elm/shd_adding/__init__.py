"""ELM adds two spoken digits: memory must outlast the first one.

Spieler, Rahaman, Martius, Schoelkopf, Levina (arXiv 2306.16922, ICLR 2024)
concatenate two recordings of the Spiking Heidelberg Digits and ask for the sum;
arXiv 2605.12049 (2026) does so with layers of ELM neurons.

  python -m launch.elm.shd_adding                            # small: minutes
  python -m launch.elm.shd_adding --preset=paper --config.path=shd/
  python -m launch.elm.shd_adding --preset=network --config.path=shd/  # of 2026

By default templates of spikes stand in for speech: same structure, generated,
smaller. --config.path is a folder with shd_train.h5 and shd_test.h5. Models are
one ELM neuron with memory up to some time constant, the ELM Network, and
LSTMs. Seeds train together; a model is a stage.
"""

"""ELM, the Expressive Leaky Memory neuron, learns what a neuron computes.

Spieler, Rahaman, Martius, Schoelkopf, Levina (arXiv 2306.16922, ICLR 2024)
fit one recurrent neuron with a few slowly decaying memory units and a small
MLP to the input and output of a simulated cortical neuron. They find that 10
to 20 memory units, slow ones among them, and a nonlinear integration are
needed.

  python -m launch.elm                  # small: minutes on 2 cores
  python -m launch.elm --preset=paper   # the sizes of the paper
  python -m launch.elm --preset=paper --config.neuronio=FOLDER
  python -m launch.elm.shd_adding       # sums of two spoken digits
  python -m launch.elm.lra              # tasks of the Long Range Arena

The teacher is simulated here: a neuron of 25 compartments with Hodgkin-Huxley
channels and AMPA, NMDA and GABA synapses (`nmlib.neurons.biophysical`), or,
with --config.simulator=pyramidal, a reduced one. Neither is the detailed cell
of NeuronIO, whose files --config.neuronio reads (from train/ and test/), so
figures of the paper do not compare: its orderings do. They depend on the
teacher: its NMDA receptors are strong, so that dendrites are nonlinear; with
weak ones, --config.biophysics.nmda=0.3 --config.biophysics.ampa=0.2
--config.biophysics.gaba=0.6 --config.biophysics.rate=0.012
--config.biophysics.rate_spread=0.9, a hidden layer adds nothing. The same
command again resumes; --config.cache=FOLDER keeps the recordings for others.
"""

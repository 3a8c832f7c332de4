"""NEST's side of `plasticity.py`: simulates once for each line it reads.

The delay is a step, the least there is, and dendritic; a coincidence does
nothing. Poisson generators reach plastic synapses through neurons that repeat
them, for these need a cell that sends. Prints input and output rates in Hz, and
the mean weight over w_max to a tenth of the cells (reading all takes longer
than to simulate); then puts weights and membranes back, for the next time.
"""

import os
import sys

import numpy as np

_W_MAX = 0.008


def main():
  os.environ['PYNEST_QUIET'] = '1'  # its greeting is no answer
  import nest  # pyrefly: ignore [missing-import]

  step, seconds = float(sys.argv[1]), float(sys.argv[2])
  nest.verbosity = nest.VerbosityLevel.ERROR
  nest.resolution = step
  noise = nest.Create('poisson_generator', params={'rate': 15.0})
  inputs = nest.Create('parrot_neuron', 1000)
  cells = nest.Create(
      'iaf_psc_delta', 100,
      params={
          'tau_m': 20.0, 'E_L': 0.0, 'V_m': 0.0, 'V_reset': 0.0, 'V_th': 1.0,
          't_ref': 0.0, 'tau_minus': 20.0,
      },
  )  # fmt: skip
  before, after = nest.Create('spike_recorder', 2)
  nest.Connect(noise, inputs, syn_spec={'delay': step})
  nest.Connect(
      inputs, cells,
      syn_spec={
          'synapse_model': 'stdp_synapse', 'delay': step, 'tau_plus': 20.0,
          'lambda': 0.01, 'alpha': 1.05, 'mu_plus': 0.0, 'mu_minus': 0.0,
          'Wmax': _W_MAX, 'weight': nest.random.uniform(0.0, _W_MAX),
      },
  )  # fmt: skip
  nest.Connect(inputs, before, syn_spec={'delay': step})
  nest.Connect(cells, after, syn_spec={'delay': step})
  synapses = nest.GetConnections(synapse_model='stdp_synapse')
  few = nest.GetConnections(target=cells[:10], synapse_model='stdp_synapse')
  start = np.array(synapses.weight)
  nest.Simulate(10 * step)
  for _ in sys.stdin:
    before.n_events = after.n_events = 0
    nest.Simulate(1000 * seconds)
    rates = before.n_events / 1000 / seconds, after.n_events / 100 / seconds
    print(*rates, np.mean(few.weight) / _W_MAX, flush=True)
    synapses.weight = start
    cells.V_m = 0.0


if __name__ == '__main__':
  main()

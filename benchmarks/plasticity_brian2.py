"""Brian2's side of `plasticity.py`: simulates once for each line it reads.

Prints input and output rates in Hz, and the mean weight over w_max.
"""

import sys
from typing import Any

import brian2 as b  # pyrefly: ignore [missing-import]

_W_MAX = 0.008


def main():
  step, seconds = float(sys.argv[1]), float(sys.argv[2])
  standalone = sys.argv[3] == 'cpp'  # a program of its own
  if standalone:
    b.set_device('cpp_standalone', directory=None, build_on_run=False)
  else:
    b.prefs.codegen.target = sys.argv[3]
  b.defaultclock.dt = step * b.ms
  inputs = b.PoissonGroup(1000, rates=15 * b.Hz)
  cells = b.NeuronGroup(
      100, 'dv/dt = -v / (20*ms) : 1', threshold='v > 1', reset='v = 0',
      method='exact',
  )  # fmt: skip
  synapses = b.Synapses(
      inputs, cells,
      """w : 1
         dx/dt = -x / (20*ms) : 1 (event-driven)
         dy/dt = -y / (20*ms) : 1 (event-driven)""",
      on_pre="""v_post += w
                w = clip(w - minus * y, 0, w_max)
                x += 1""",
      on_post="""y += 1
                 w = clip(w + plus * x, 0, w_max)""",
      namespace={
          'plus': 0.01 * _W_MAX, 'minus': 0.0105 * _W_MAX, 'w_max': _W_MAX,
      },
  )  # fmt: skip
  synapses.connect()
  synapses.w = f'rand() * {_W_MAX}'
  before = b.SpikeMonitor(inputs, record=False)
  after = b.SpikeMonitor(cells, record=False)
  network = b.Network(inputs, cells, synapses, before, after)
  if standalone:
    network.run(seconds * b.second)
    b.device.build(directory=None, run=False)
  else:
    network.store()
    network.run(10 * step * b.ms)  # compiles
  for _ in sys.stdin:
    if standalone:
      b.device.run()
    else:
      network.restore()
      network.run(seconds * b.second)
    rates = before.num_spikes / 1000 / seconds, after.num_spikes / 100 / seconds
    weights: Any = synapses.w[:]
    print(*rates, weights.mean() / _W_MAX, flush=True)


if __name__ == '__main__':
  main()

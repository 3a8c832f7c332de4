"""BindsNET's side of `plasticity.py`: simulates once for each line it reads.

Its rule `PostPre`, with traces that add up: in a step the traces have that
step's spikes before they are read, so that a coincidence depresses and
potentiates, both by the old weight, which is clipped once at the end. Spikes
reach the cells a step late. One thread: two are slower at this size. Prints
input and output rates in Hz, and the mean weight over w_max.
"""

import sys

from bindsnet import learning  # pyrefly: ignore [missing-import]
from bindsnet import network as bindsnet  # pyrefly: ignore [missing-import]
import torch  # pyrefly: ignore [missing-import]

_W_MAX = 0.008
_CHUNK = 1000  # steps whose inputs are drawn together


def main():
  step, seconds = float(sys.argv[1]), float(sys.argv[2])
  torch.set_num_threads(1)
  traces = {'traces': True, 'traces_additive': True, 'tc_trace': 20.0}
  inputs = bindsnet.nodes.Input(1000, **traces)
  cells = bindsnet.nodes.LIFNodes(
      100, thresh=1.0, rest=0.0, reset=0.0, refrac=0, tc_decay=20.0, **traces
  )
  start = _W_MAX * torch.rand(1000, 100)
  synapses = bindsnet.topology.Connection(
      inputs, cells, w=start.clone(), wmin=0.0, wmax=_W_MAX,
      update_rule=learning.PostPre, nu=(0.0105 * _W_MAX, 0.01 * _W_MAX),
  )  # fmt: skip
  network = bindsnet.Network(dt=step)
  network.add_layer(inputs, 'inputs')
  network.add_layer(cells, 'cells')
  network.add_connection(synapses, 'inputs', 'cells')
  counts = torch.zeros(2)

  def run(steps):
    network.reset_state_variables()
    synapses.w.copy_(start)
    counts.zero_()
    for first in range(0, steps, _CHUNK):
      size = min(_CHUNK, steps - first)
      spikes = torch.rand(size, 1, 1000) < 15.0 * step / 1000
      for now in spikes:  # a monitor would keep what is counted
        network.run({'inputs': now[None].float()}, time=step)
        counts[1] += cells.s.sum()
      counts[0] += spikes.sum()

  run(10)
  for _ in sys.stdin:
    run(round(1000 * seconds / step))
    rates = counts / torch.tensor([1000, 100]) / seconds
    print(*rates.tolist(), synapses.w.mean().item() / _W_MAX, flush=True)


if __name__ == '__main__':
  main()

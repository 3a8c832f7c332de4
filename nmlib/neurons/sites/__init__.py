"""Sites: named places of a network whose values can be seen and changed.

A network takes a keyword `site`, and computes through it what others may want
to see or change:

  def network(params, x, site=sites.PLAIN):
    z = site('dense_0', mlp.dense, params[0], x)  # a function and its inputs
    h = site('relu_0', jax.nn.relu, z)
    return site.tap('logits', h @ params[1].kernel)  # a value

`run` runs it: edits go in, what is captured comes out.

  logits, seen = sites.run(
      network, params, x,
      capture=('relu_0',), edits={'dense_0': sites.Edit(scale=2.0)},
  )

There are no hooks: captures are outputs and edits are inputs, so all of it
works under `jit`, `vmap` and `grad` as any function does. Without edits and
captures a network computes what it would without sites, bit for bit.

A site that is used several times (a layer of a stack, a cell in a loop) has
its uses stacked in front: 'y' is all of them, 'y/3' the fourth. Loops in Python
stay as they are; in place of `lax.scan` write `site.scan`.
"""

from nmlib.neurons.sites.edits import Edit
from nmlib.neurons.sites.edits import Edited
from nmlib.neurons.sites.edits import Edits
from nmlib.neurons.sites.edits import Function
from nmlib.neurons.sites.edits import apply
from nmlib.neurons.sites.interventions import Run
from nmlib.neurons.sites.interventions import run
from nmlib.neurons.sites.interventions import runner
from nmlib.neurons.sites.interventions import viewer
from nmlib.neurons.sites.recorder import PLAIN
from nmlib.neurons.sites.recorder import Site
from nmlib.neurons.sites.recorder import Sites
from nmlib.neurons.sites.recorder import find

__all__ = [
    'Edit',
    'Edited',
    'Edits',
    'Function',
    'PLAIN',
    'Run',
    'Site',
    'Sites',
    'apply',
    'find',
    'run',
    'runner',
    'viewer',
]

"""The small Vision Transformer of `neuron_path_jas.npz`, in our arrays."""

import pathlib
from typing import Any

import jax.numpy as jnp
import numpy as np

from nmlib.networks import transformer
from nmlib.networks import vit

_PATH = pathlib.Path(__file__).parents[1] / 'fixtures/neuron_path_jas.npz'


def load() -> tuple[dict[str, Any], vit.Params, vit.Config]:
  """Returns what is stored, and the network; float64 must be on."""
  with np.load(_PATH) as file:
    stored = {name: jnp.asarray(array) for name, array in file.items()}
  config = vit.Config(5, (2, 2), 2, 1, 3, 12, 3, 20, param_dtype='float64')
  of = lambda name: jnp.stack([stored[f'param.{i}.{name}'] for i in range(3)])
  pair = lambda kind, a, b: kind(of(a), of(b))
  heads = lambda name: transformer.Linear(
      of(f'w_{name}').reshape(3, 12, 3, 4), of(f'b_{name}').reshape(3, 3, 4)
  )
  layers = transformer.Layer(
      pair(transformer.Norm, 'ln1_g', 'ln1_b'), heads('q'), heads('k'),
      heads('v'),
      transformer.Linear(of('w_o').reshape(3, 3, 4, 12), of('b_o')),
      pair(transformer.Norm, 'ln2_g', 'ln2_b'), None,
      pair(transformer.Linear, 'w_1', 'b_1'),
      pair(transformer.Linear, 'w_2', 'b_2'),
  )  # fmt: skip
  last = transformer.Norm(stored['param.ln_g'], stored['param.ln_b'])
  output = transformer.Readout(stored['param.w_head'], stored['param.b_head'])
  params = vit.Params(
      vit.Patch(
          stored['param.w_patch'].reshape(2, 2, 1, 12), stored['param.b_patch']
      ),
      stored['param.cls'], stored['param.pos'],
      transformer.Params(None, None, None, None, layers, last, output),
  )  # fmt: skip
  return stored, params, config

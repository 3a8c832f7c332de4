"""The small Transformer of `circuit_reuse_path_patching.npz`, in our arrays."""

import pathlib
from typing import Any

import jax.numpy as jnp
import numpy as np

from nmlib.networks import transformer

_PATH = pathlib.Path(__file__).parents[1] / (
    'fixtures/circuit_reuse_path_patching.npz'
)


def load() -> tuple[dict[str, Any], transformer.Params, transformer.Config]:
  """Returns what is stored, and the network; float64 must be on."""
  with np.load(_PATH) as file:
    stored = {name: jnp.asarray(array) for name, array in file.items()}
  config = transformer.Config(
      13, 2, 12, 3, mlp_dim=24, max_length=6, output='separate',
      output_bias=True, param_dtype='float64',
  )  # fmt: skip
  of = lambda name: jnp.stack([stored[f'param.{i}.{name}'] for i in range(2)])
  pair = lambda kind, a, b: kind(of(a), of(b))
  heads = lambda name: transformer.Linear(
      of(f'w_{name}').transpose(0, 2, 1, 3), of(f'b_{name}')
  )
  layers = transformer.Layer(
      pair(transformer.Norm, 'ln1_g', 'ln1_b'), heads('q'), heads('k'),
      heads('v'), pair(transformer.Linear, 'w_o', 'b_o'),
      pair(transformer.Norm, 'ln2_g', 'ln2_b'), None,
      pair(transformer.Linear, 'w_1', 'b_1'),
      pair(transformer.Linear, 'w_2', 'b_2'),
  )  # fmt: skip
  last = transformer.Norm(stored['param.lnf_g'], stored['param.lnf_b'])
  output = transformer.Readout(stored['param.w_u'], stored['param.b_u'])
  params = transformer.Params(
      stored['param.wte'], stored['param.wpe'], None, None, layers, last, output
  )
  return stored, params, config

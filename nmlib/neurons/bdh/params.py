"""Arrays of BDH: weights, state, where they live on a mesh, how they merge."""

from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np

from nmlib.neurons.attention import rotary
from nmlib.neurons.bdh.config import Config
from nmlib.neurons.core import checks
from nmlib.neurons.core import contraction
from nmlib.neurons.core import dtypes


class Params(NamedTuple):
  """What is learned, 3nd + 2Vd numbers; N is in the order of `neuron_order`.

  Rotary frequencies are no part of it: they follow from the config, so that
  neither a gradient nor weight decay can reach them.
  """

  encoder: jax.Array  # [h, d, N], D_x of the paper
  encoder_v: jax.Array  # [h, d, N], D_y
  decoder: jax.Array  # [h, N, d], E
  embed: jax.Array  # [V, d]
  lm_head: jax.Array  # [d, V]


class State(NamedTuple):
  """What evolves in time: L n d numbers and a clock."""

  rho: jax.Array  # [L, h, N, d], sum of rotated keys (x) values
  position: jax.Array  # [], int32: tokens seen so far


# Heads are split first. With these rules a layer has one collective: the sum
# of u = y E over heads, d numbers a token.
PARTITION_RULES = (
    (r'(.*/)?(encoder|encoder_v|decoder)', P('model', None, None)),
    (r'(.*/)?rho', P(None, 'model', None, None)),
    ('.*', P()),
)

# For more devices than heads: neurons of each head are split, which adds one
# collective a layer, the sum of a, h d numbers a token. Set `blocks_per_head`
# to a multiple of the axis' size, or rotary pairs fall on two devices.
SPLIT_HEAD_PARTITION_RULES = (
    (r'(.*/)?(encoder|encoder_v)', P(None, None, 'model')),
    (r'(.*/)?decoder', P(None, 'model', None)),
    (r'(.*/)?rho', P(None, None, 'model', None)),
    ('.*', P()),
)


def partition_rules(config: Config) -> tuple[tuple[str, P], ...]:
  """Returns the table for this config: heads split, or neurons within."""
  split = config.blocks_per_head > 1
  return SPLIT_HEAD_PARTITION_RULES if split else PARTITION_RULES


def neuron_order(config: Config) -> np.ndarray:
  """Returns the index in the authors' order of each stored neuron: int [N].

  The same for every head: `stored = official[..., neuron_order(config)]`.
  """
  return rotary.storage_order(
      config.neurons_per_head, config.num_merged, config.blocks_per_head
  )


def frequencies(config: Config) -> np.ndarray:
  """Returns turns per token of each stored neuron of a head: float32 [N]."""
  n = config.neurons_per_head // config.num_merged
  one = rotary.frequencies(n, config.theta)
  return np.tile(one, config.num_merged)[neuron_order(config)]


def phases(config: Config, positions: jax.Array) -> rotary.Tables:
  """Returns the rotary tables of positions [T]."""
  return rotary.tables(
      frequencies(config),
      positions,
      config.num_merged * config.blocks_per_head,
      exact=config.exact_phases,
      dtype=contraction.accumulator(config.product_dtype),
  )


def init(key: jax.Array, config: Config) -> Params:
  """Samples every weight from N(0, 0.02^2), as the authors' code."""
  h, d, n = config.num_heads, config.embed_dim, config.neurons_per_head
  keys = jax.random.split(key, 5)
  dtype = dtypes.named(config.param_dtype)

  def normal(i, *shape):
    return 0.02 * jax.random.normal(keys[i], shape, dtype)

  return Params(
      normal(0, h, d, n),
      normal(1, h, d, n),
      normal(2, h, n, d),
      normal(3, config.vocab_size, d),
      normal(4, d, config.vocab_size),
  )


def num_params(config: Config) -> int:
  """Counts what is learned: 3nd + 2Vd."""
  rows = 3 * config.num_neurons + 2 * config.vocab_size
  return rows * config.embed_dim


def initial_state(config: Config) -> State:
  """Returns the state before the first token: zero synapses at position 0."""
  h, d, n = config.num_heads, config.embed_dim, config.neurons_per_head
  dtype = dtypes.named(config.param_dtype)
  return State(
      jnp.zeros((config.num_layers, h, n, d), dtype), jnp.zeros((), jnp.int32)
  )


def checked_state(state: State, config: Config) -> State:
  """Returns the state in the parameters' dtype.

  Raises:
    ValueError: if it has not the shapes of the config.
  """
  checks.shape(
      'state.rho',
      state.rho,
      num_layers=config.num_layers,
      num_heads=config.num_heads,
      neurons_per_head=config.neurons_per_head,
      embed_dim=config.embed_dim,
  )
  checks.shape('state.position', state.position)
  return state._replace(rho=dtypes.cast(state.rho, config.param_dtype))


def rebase_state(state: State, config: Config) -> State:
  """Restarts the clock at 0 and turns the synapses back by as much.

  What follows is the same function as before, since only differences of
  positions matter; but the phases stay small, hence accurate.
  """
  state = checked_state(state, config)
  table = phases(config, -state.position[None])
  rho = rotary.rotate(state.rho.mT[..., None, :], table)[..., 0, :].mT
  return State(rho, jnp.zeros_like(state.position))


_SIZES = ('num_heads', 'embed_dim', 'neurons_per_head', 'vocab_size')
# What a merged model has once, though arrays do not show it.
_SHARED = (
    'num_layers', 'theta', 'epsilon', 'residual', 'decay', 'num_merged',
    'blocks_per_head', 'exact_phases',
)  # fmt: skip


def merge(models: Iterable[Params], configs: Sequence[Config] = ()) -> Params:
  """Puts models side by side in each head (section 7.1 of the paper).

  Neurons are concatenated, embedding and read-out are averaged; nothing is
  trained. Apply the result with `merged_config(config, len(models))`, which
  repeats the rotary frequencies; those of a larger model would be wrong.

  Args:
    models: parameters of the same shapes.
    configs: of each model, to check what shapes do not show, such as the
      decay; none leaves that to the caller.

  Returns:
    Parameters with len(models) times as many neurons.

  Raises:
    ValueError: if there is no model, or heads, widths, vocabularies or configs
      differ.
  """
  if isinstance(models, Params):
    raise ValueError('bdh.merge takes a list of models; got the Params of one.')
  models = list(models)
  if not models:
    raise ValueError('bdh.merge needs at least one model, got none.')
  if configs and len(configs) != len(models):
    raise ValueError(
        'bdh.merge needs a config for each model, got'
        f' {len(configs)} for {len(models)}.'
    )
  sizes = [
      dict(zip(_SIZES, (*p.encoder.shape, len(p.embed)), strict=True))
      | {name: getattr(config, name) for name in _SHARED if config}
      for p, config in itertools.zip_longest(models, configs)
  ]
  for p, config in itertools.zip_longest(models, configs):
    _check_params(p, config)
  for name, value in sizes[0].items():
    for other in sizes[1:]:
      if other[name] != value:
        raise ValueError(
            f'bdh.merge needs models of equal {name}, got {value} and'
            f' {other[name]}.'
        )
  return Params(
      jnp.concatenate([p.encoder for p in models], axis=2),
      jnp.concatenate([p.encoder_v for p in models], axis=2),
      jnp.concatenate([p.decoder for p in models], axis=1),
      jnp.mean(jnp.stack([p.embed for p in models]), axis=0),
      jnp.mean(jnp.stack([p.lm_head for p in models]), axis=0),
  )


def _check_params(params: Params, config: Config | None) -> None:
  """Refuses weights that do not fit each other, or their config."""
  h, d, n = params.encoder.shape
  if config:
    h, d, n = config.num_heads, config.embed_dim, config.neurons_per_head
  head = dict(num_heads=h, embed_dim=d, neurons_per_head=n)
  v = config.vocab_size if config else len(params.embed)
  for name in ('encoder', 'encoder_v'):
    checks.shape(name, getattr(params, name), **head)
  checks.shape(
      'decoder', params.decoder, num_heads=h, neurons_per_head=n, embed_dim=d
  )
  checks.shape('embed', params.embed, vocab_size=v, embed_dim=d)
  checks.shape('lm_head', params.lm_head, embed_dim=d, vocab_size=v)


def merged_config(config: Config, count: int) -> Config:
  """Returns the config of `count` models with this config, merged."""
  return dataclasses.replace(
      config,
      num_neurons=count * config.num_neurons,
      num_merged=count * config.num_merged,
  )

"""BDH for a batch of sequences at once: what trains fastest, kernels included.

The same function as `jax.vmap` of `model.apply` and `model.loss`, with the
layers of `fused`; use those unless you want a kernel.
"""

from collections.abc import Callable
import functools

import jax
from jax import ad_checkpoint
import jax.numpy as jnp

from nmlib.neurons.bdh import model
from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.kernels import fused
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import State
from nmlib.neurons.bdh.params import phases
from nmlib.neurons.core import checks
from nmlib.neurons.core import contraction
from nmlib.neurons.core import dropout
from nmlib.neurons.core import normalization

_ONLY = dict(
    residual='value',
    decay=0.0,
    detach=False,
    num_merged=1,
    blocks_per_head=1,
)


def apply(
    params: Params,
    tokens: jax.Array,
    config: Config,
    *,
    state: State | None = None,
    keys: jax.Array | None = None,
    backend: str = 'auto',
    interpret: bool = False,
) -> tuple[jax.Array, State | None]:
  """Predicts the next token at every position of B sequences.

  The parallel form for T tokens; long sequences go in chunks, with the state.

  Args:
    params: weights.
    tokens: int [B, T].
    config: hyperparameters, static under jit.
    state: synapses [L, B, h, N, d] and the position, int [], that all share;
      None is a new stream, and saves the state's computation.
    keys: one for each sequence, [B]; turn dropout on.
    backend: one of `fused.BACKENDS`.
    interpret: runs a kernel on any platform, slowly.

  Returns:
    Logits [B, T, V], and the state after the last token or None.

  Raises:
    ValueError: if config has a variant that only `model.apply` knows, or a
      token is unknown.
  """
  check(config)
  checks.shape('tokens', tokens, 'B', 'T')
  checks.indices('tokens', tokens, config.vocab_size)
  rho, start = (None, 0) if state is None else state
  positions = start + jnp.arange(tokens.shape[1], dtype=jnp.int32)
  words = None
  if keys is not None and config.dropout_rate:
    words = jax.vmap(dropout.key_words)(keys)
  layer = functools.partial(
      _layer,
      params,
      config,
      fused.Table(*(a[:, 0] for a in phases(config, positions))),
      words,
      positions,
      dict(dtype=config.product_dtype, backend=backend, interpret=interpret),
  )
  # Kernels keep nothing wide to begin with.
  if config.remat == 'all' or config.remat == 'wide' and _is_plain(backend):
    names = ('scores', 'a', 'u') if config.remat == 'wide' else ()
    layer = jax.checkpoint(
        layer,
        prevent_cse=not config.scan_layers,
        policy=jax.checkpoint_policies.save_only_these_names(*names),
    )
  v = normalization.layer_norm(params.embed[tokens], config.epsilon)
  v, rho = _stack(layer, v, rho, config)
  logits = contraction.contract(
      'btd,dv->btv', v, params.lm_head, config.product_dtype
  )
  if rho is None:
    return logits, None
  return logits, State(rho, positions[-1] + 1)


def loss(
    params: Params,
    tokens: jax.Array,
    targets: jax.Array,
    config: Config,
    **kwargs,
) -> jax.Array:
  """Returns the mean cross-entropy of targets [B, T], in nats; see `apply`."""
  batch, length = tokens.shape
  checks.shape('targets', targets, batch=batch, tokens=length)
  logits, _ = apply(params, tokens, config, **kwargs)
  return jnp.mean(jax.vmap(model.cross_entropy)(logits, targets))


def check(config: Config) -> None:
  """Raises ValueError if only `model.apply` knows the config's variant."""
  for field, value in _ONLY.items():
    if getattr(config, field) != value:
      raise ValueError(
          f'bdh.batched needs Config.{field}={value!r}, got'
          f' {getattr(config, field)!r}; use jax.vmap of bdh.apply.'
      )


def _is_plain(backend):
  return backend in ('auto', 'xla')


def _stack(layer: Callable, v, rho, config):
  indices = jnp.arange(config.num_layers, dtype=jnp.uint32)
  if config.scan_layers:
    return jax.lax.scan(layer, v, (indices, rho))
  states = []
  for i in range(config.num_layers):
    v, new = layer(v, (indices[i], None if rho is None else rho[i]))
    states.append(new)
  return v, None if rho is None else jnp.stack(states)


def _layer(params, config, table, words, positions, options, v, inputs):
  index, rho = inputs
  norm = functools.partial(normalization.layer_norm, epsilon=config.epsilon)
  a, rho = fused.attend(params.encoder, v, table, rho, **options)
  a = ad_checkpoint.checkpoint_name(a, 'a')
  drop = None
  if words is not None:
    h, _, n = params.encoder.shape
    drop = fused.drop_hashes(words, index, positions, (h, n))
  weights = fused.Weights(params.encoder, params.encoder_v, params.decoder)
  u = fused.readout(
      weights, v, norm(a), drop, rate=config.dropout_rate, **options
  )
  u = ad_checkpoint.checkpoint_name(u, 'u')
  return norm(v + norm(u)), rho

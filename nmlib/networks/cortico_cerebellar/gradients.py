"""How cortex and cerebellum learn together, from a batch of sequences."""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks.cortico_cerebellar import model
from nmlib.networks.cortico_cerebellar.params import Config
from nmlib.networks.cortico_cerebellar.params import Params
from nmlib.networks.cortico_cerebellar.params import State
from nmlib.networks.cortico_cerebellar.params import initial_state
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.plasticity import synthetic_gradient

# PyTorch's `clip_grad_norm_` adds it to the norm.
_CLIP_EPSILON = 1e-6


class Learnt(NamedTuple):
  """What the windows of a batch of sequences did."""

  loss: jax.Array  # [K], of each window, without the synthetic term
  end: State  # [K, B, N], after each window
  synthetic: State  # [K, B, N], C of it, before lambda


def loss_gradients(
    params: Params, xs: jax.Array, ys: jax.Array, config: Config
) -> tuple[Params, Learnt]:
  """Returns the gradients of all parameters, before clipping.

  A sequence of L steps falls in K = ceil(L / T) windows, the last of which may
  be shorter. A window's loss is the mean over its steps with a target, batch
  and outputs; that of C is a sum over windows, batch and state. It takes the
  whole batch since what C learns is a sum over it.

  Args:
    params: weights.
    xs: inputs [B, L, D].
    ys: targets [B, L, O]; with loss 'cross_entropy' labels int [B, L], or [B]
      with last_output_only.
    config: static.

  Returns:
    Gradients of the shapes of `params`, and what the windows did.

  Raises:
    ValueError: if a shape does not fit, nothing is given, or a label is no
      output.
  """
  xs, ys = _checked(params, xs, ys, config)
  starts, ends = _states(params, xs, config)
  flat = jax.tree.map(jnp.zeros_like, ends)
  if config.cerebellum != 'none':
    flat = jax.lax.stop_gradient(model.synthesize(params, ends, config))
  future = flat
  if config.terminal_zero:
    future = jax.tree.map(lambda leaf: leaf.at[-1].set(0), future)
  total = jax.tree.map(jnp.zeros_like, params)
  losses, targets, first = [], [], 0
  for count, steps in _groups(xs.shape[1], config.truncation):
    part = slice(first, first + count)
    begin, later = jax.tree.map(lambda a, p=part: a[p], (starts, future))
    cut = first * config.truncation
    inside = slice(cut, cut + count * steps)
    group = _Group(xs[:, inside], ys[:, inside], count, cut, xs.shape[1])
    found = _window_gradients(params, begin, later, group, config)
    total = jax.tree.map(jnp.add, total, found.params)
    losses.append(found.loss)
    targets.append(found.start)
    first += count
  if config.cerebellum == 'learning':
    predict = lambda layers, s: model.synthesize(
        params._replace(cerebellum=layers), s, config
    )
    target = jax.tree.map(lambda *parts: jnp.concatenate(parts), *targets)
    total = total._replace(
        cerebellum=synthetic_gradient.prediction_gradients(
            predict, params.cerebellum, starts, target, config.normaliser
        )
    )
  return total, Learnt(jnp.concatenate(losses), ends, flat)


def optimizer(config: Config) -> optax.GradientTransformation:
  """Clips the norm of all gradients together, then Adam (0.9, 0.98, 1e-9)."""

  def clip(updates, params=None):
    del params
    norm = optax.tree.norm(updates) + _CLIP_EPSILON
    scale = jnp.minimum(1, config.clip_norm / norm)
    return jax.tree.map(lambda g: scale * g, updates)

  adam = optax.adam(config.learning_rate, b1=0.9, b2=0.98, eps=1e-9)
  return optax.chain(optax.stateless(clip), adam)


def train_step(
    params: Params,
    opt_state: Any,
    xs: jax.Array,
    ys: jax.Array,
    config: Config,
) -> tuple[Params, Any, Learnt]:
  """Takes one step of `optimizer(config)` on a batch.

  Args:
    params: weights.
    opt_state: `optimizer(config).init(params)` at first.
    xs: inputs [B, L, D].
    ys: as in `loss_gradients`.
    config: static; another one may follow, as when a cerebellum is removed.

  Returns:
    Weights, the optimizer's state, and what the windows did before the step.

  Raises:
    ValueError: as `loss_gradients`.
  """
  grads, learnt = loss_gradients(params, xs, ys, config)
  descend: Any = optimizer(config).update
  updates, opt_state = descend(grads, opt_state, params)
  if config.cerebellum != 'learning':  # nor by Adam's momentum
    still = jax.tree.map(jnp.zeros_like, params.cerebellum)
    updates = updates._replace(cerebellum=still)
  params = jax.tree.map(jnp.add, params, updates)
  return params, opt_state, learnt


class _Group(NamedTuple):
  """Windows of one length, one after the other."""

  xs: jax.Array  # [B, count * steps, D]
  ys: jax.Array  # [B, count * steps, ...]
  count: int
  first: int  # step at which they begin
  length: int  # L


def _groups(length: int, truncation: int) -> list[tuple[int, int]]:
  """Returns (how many windows, of how many steps), whole ones first."""
  whole, rest = divmod(length, truncation)
  return [(whole, truncation)] * bool(whole) + [(1, rest)] * bool(rest)


def _states(params, xs, config) -> tuple[State, State]:
  """Runs the cortex: states before and after every window, [K, B, N]."""
  size = xs.shape[0]
  state = jax.tree.map(
      lambda leaf: jnp.broadcast_to(leaf[None], (size, *leaf.shape)),
      initial_state(config),
  )
  run = jax.vmap(lambda s, x: model.unroll(params, s, x, config)[0])
  first, states = 0, [jax.tree.map(lambda leaf: leaf[None], state)]
  for count, steps in _groups(xs.shape[1], config.truncation):
    cut = xs[:, first : first + count * steps]
    windows = jnp.moveaxis(cut.reshape(size, count, steps, -1), 1, 0)
    advance = lambda s, x: (run(s, x),) * 2
    state, ends = jax.lax.scan(advance, state, windows)
    states.append(ends)
    first += count * steps
  both = jax.tree.map(lambda *parts: jnp.concatenate(parts), *states)
  both = jax.lax.stop_gradient(both)
  cut = lambda part: jax.tree.map(lambda leaf: leaf[part], both)
  return cut(slice(None, -1)), cut(slice(1, None))


def _window_gradients(params, starts, future, group, config):
  """Differentiates all windows of a group at once, given how they start."""
  size, steps = group.xs.shape[0], group.xs.shape[1] // group.count
  by_window = lambda a: jnp.moveaxis(
      a.reshape(size, group.count, steps, *a.shape[2:]), 1, 0
  )
  xs, ys = by_window(group.xs), by_window(group.ys)  # [K, B, T, ...]
  time = group.first + np.arange(group.count * steps).reshape(-1, steps)
  asked = time % config.target_interval == 0
  if config.last_output_only:
    asked = time == group.length - 1
  weight = asked / np.maximum(asked.sum(1, keepdims=True), 1)
  weight = jnp.asarray(weight, starts.hidden.dtype)  # [K, T]

  def windows(params, starts):
    run = jax.vmap(lambda s, x: model.unroll(params, s, x, config))
    ends, outs = jax.vmap(run)(starts, xs)
    errors = _errors(outs, ys, config)  # [K, B, T]
    return ends, jnp.einsum('kt,kbt->k', weight / size, errors)

  return synthetic_gradient.window_gradients(
      windows, params, starts, future, config.scale
  )


def _errors(outs, ys, config) -> jax.Array:
  """Returns the error of every output [..., O], [...]."""
  if config.loss == 'squared':
    return jnp.mean(jnp.square(outs - ys), -1)
  return optax.softmax_cross_entropy_with_integer_labels(outs, ys)


def _checked(params, xs, ys, config):
  """Refuses what does not fit; returns xs in the dtype of params, ys [B, L]."""
  checks.shape('inputs', xs, 'B', 'L', num_inputs=config.num_inputs)
  if config.cerebellum != 'none' and not params.cerebellum:
    raise ValueError(
        f'params have no cerebellum, which cerebellum={config.cerebellum!r}'
        ' needs: make them by init with a config that has one.'
    )
  if config.cerebellum != 'none':
    pairs = zip(config.granule_widths, config.granule_widths[1:], strict=False)
    wanted = list(pairs)
    given = [layer.kernel.shape for layer in params.cerebellum]
    if given != wanted:
      raise ValueError(
          f'params.cerebellum has layers {given}, but config.granule_units'
          f' and granule_layers make {wanted}.'
      )
  size, length = xs.shape[:2]
  if not size or not length:
    raise ValueError(
        f'inputs must have a sequence and a step at least, got B={size}, L='
        f'{length}.'
    )
  dtype = params.readout.bias.dtype
  if config.loss == 'squared':
    checks.shape('targets', ys, B=size, L=length, O=config.num_outputs)
    return dtypes.cast((xs, ys), dtype)
  if config.last_output_only and jnp.ndim(ys) == 1:
    ys = jnp.broadcast_to(jnp.asarray(ys)[:, None], (len(ys), length))
  checks.shape('labels', ys, B=size, L=length)
  checks.indices('labels', ys, config.num_outputs)
  return dtypes.cast(xs, dtype), jnp.asarray(ys)

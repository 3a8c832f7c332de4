"""Many trials of one leaky recurrent network at once, a column a trial.

The numbers of `jax.vmap` over `rnn.unroll`, in the form that trains fastest:
every recurrent product is W_h [N, N] times [N, B], and the gradient of W_h is
one product over all steps and trials instead of one a step that is added up.
"""

import functools

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.rate import rnn


def unroll(params: rnn.Params, xs: jax.Array, config: rnn.Config) -> rnn.Output:
  """Runs trials from rest, each step written out: for tens of steps.

  Args:
    params: weights.
    xs: inputs [B, T, num_inputs].
    config: static.

  Returns:
    Logits [num_outputs, T, B] and rates [N, T, B]: units first.

  Raises:
    ValueError: if xs is not [B, T, num_inputs].
  """
  checks.shape('inputs', xs, 'B', 'T', num_inputs=config.num_inputs)
  xs = dtypes.cast(xs, params.recurrent.dtype)
  batch, num_steps, num_inputs = xs.shape
  columns = jnp.moveaxis(xs, -1, 0).swapaxes(1, 2).reshape(num_inputs, -1)
  rates = _rates(params.recurrent, params.input @ columns, num_steps, config)
  shaped = lambda rows: rows.reshape(-1, num_steps, batch)
  return rnn.Output(shaped(params.readout @ rates), shaped(rates))


@functools.partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def _rates(
    recurrent: jax.Array, drive: jax.Array, num_steps: int, config: rnn.Config
) -> jax.Array:
  """Returns rates [N, T B] from W_h and W_x x [N, T B], steps side by side."""
  return _run(recurrent, drive, num_steps, config)[0]


def _run(recurrent, drive, num_steps, config):
  """Returns rates, and what goes into the activation, [N, T B] each."""
  f = rnn.ACTIVATIONS[config.activation]
  sent, left = _sent_at_rest(drive, num_steps, config), None
  rates, inner = [], []
  for here in jnp.split(drive, num_steps, axis=1):
    if sent is not None:
      here = here + recurrent @ sent
    here = _leak(left, here, config)
    sent = f(here)
    left = sent if config.form == 'rate' else here
    rates.append(sent)
    inner.append(here)
  return jnp.concatenate(rates, 1), jnp.concatenate(inner, 1)


@_rates.defjvp
def _rates_jvp(num_steps, config, primals, tangents):
  recurrent, drive = primals
  rates, inner = _run(recurrent, drive, num_steps, config)
  at_rest = _sent_at_rest(drive, num_steps, config)
  split = lambda rows: jnp.split(rows, num_steps, axis=1)
  # The product with W_h's tangent, of all steps at once: its transpose is the
  # gradient.
  batch = drive.shape[1] // num_steps
  turned = split(tangents[1].at[:, batch:].add(tangents[0] @ rates[:, :-batch]))
  if at_rest is not None:
    turned[0] += tangents[0] @ at_rest
  # Written with a copy of W_h^T, so that the transposed map, which is the
  # backward pass, multiplies by a matrix in row order.
  back = jax.lax.optimization_barrier(recurrent.T)
  send = lambda x: jax.lax.dot_general(back, x, (((0,), (0,)), ((), ())))
  f = rnn.ACTIVATIONS[config.activation]
  sent, left, found = None, None, []
  for here, inside in zip(turned, split(inner), strict=True):
    if sent is not None:
      here = here + send(sent)
    here = _leak(left, here, config)
    sent = jax.jvp(f, (inside,), (here,))[1]
    left = sent if config.form == 'rate' else here
    found.append(sent)
  return rates, jnp.concatenate(found, 1)


def _leak(left, drive, config):
  """Returns (1 - alpha) left + alpha drive; nothing is left at rest."""
  drive = config.alpha * drive
  keep = 1.0 - config.alpha
  return drive if left is None or not keep else keep * left + drive


def _sent_at_rest(drive, num_steps, config):
  """Returns what units at rest send [N, B]; None where it is 0."""
  if config.form == 'rate' or config.activation != 'softplus':
    return None
  rest = jnp.zeros((drive.shape[0], drive.shape[1] // num_steps), drive.dtype)
  return rnn.ACTIVATIONS[config.activation](rest)

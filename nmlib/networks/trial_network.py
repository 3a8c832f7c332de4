"""Recurrent networks on batches of labelled trials, whichever their neuron."""

from typing import Any
from typing import Literal

import jax
import jax.numpy as jnp
import optax

from nmlib.analysis import laziness
from nmlib.analysis import similarity
from nmlib.neurons.initializers import dale
from nmlib.neurons.rate import gru
from nmlib.neurons.rate import rnn
from nmlib.neurons.rate import rnn_trials

Params = rnn.Params | gru.Params
Config = rnn.Config | gru.Config
Neuron = Literal['rnn', 'gru']


def configured(
    neuron: Neuron,
    num_inputs: int,
    num_units: int,
    num_outputs: int,
    **fields: Any,
) -> Config:
  """Returns the config of a network of these neurons; `fields` are others."""
  model = {'rnn': rnn, 'gru': gru}[neuron]
  return model.Config(num_inputs, num_units, num_outputs, **fields)


def init(
    key: jax.Array, config: Config, recurrent: jax.Array | None = None
) -> Params:
  """Draws weights, as `init` of `rnn` or `gru`.

  Args:
    key: of the draw.
    config: of `rnn` or `gru`.
    recurrent: W [N, N] in place of the recurrent draw; of a GRU, for all three
      products.
  """
  if isinstance(config, rnn.Config):
    return rnn.init(key, config, recurrent)
  return gru.init(key, config, recurrent)


def keep_dale(params: Params, start: Params) -> Params:
  """Sets recurrent weights to 0 that left the sign of their column in `start`.

  Columns that had both signs there are free; see `dale.project`.
  """
  rows = start.recurrent.reshape(-1, start.recurrent.shape[-1])
  signs = dale.column_signs(rows)
  kept: Any = dale.project(params.recurrent, signs)
  return params._replace(recurrent=kept)


def outputs(
    params: Params, inputs: jax.Array, config: Config
) -> tuple[jax.Array, jax.Array]:
  """Runs trials from rest, in the form that trains fastest.

  Args:
    params: weights.
    inputs: [B, T, num_inputs].
    config: of `rnn` or `gru`.

  Returns:
    Logits [num_outputs, T, B] and rates [N, T, B].
  """
  if isinstance(config, rnn.Config):
    assert isinstance(params, rnn.Params)
    found = rnn_trials.unroll(params, inputs, config)
    return found.logits, found.rates
  assert isinstance(params, gru.Params)
  start = gru.initial_state(config)
  run = lambda xs: gru.unroll(params, start, xs, config)[1]
  found = jax.vmap(run, out_axes=-1)(inputs)
  return found.logits.swapaxes(0, 1), found.rates.swapaxes(0, 1)


def loss(
    params: Params,
    trials: tuple[jax.Array, jax.Array],
    config: Config,
    *,
    last: bool = False,
) -> jax.Array:
  """Returns the mean cross-entropy [] over trials and all steps, or the last.

  Args:
    params: weights.
    trials: inputs [B, T, num_inputs], labels int [B, T].
    config: of `rnn` or `gru`.
    last: only the last step counts.
  """
  inputs, labels = trials
  logits, labels = outputs(params, inputs, config)[0], labels.T
  if last:
    logits, labels = logits[:, -1], labels[-1]
  return jnp.mean(
      optax.softmax_cross_entropy_with_integer_labels(logits, labels, axis=0)
  )


def learnt(
    params: Params,
    start: Params,
    trials: tuple[jax.Array, jax.Array],
    config: Config,
    *,
    last: bool = False,
    kernel_trials: int,
) -> dict[str, jax.Array]:
  """Returns how lazily a network learnt, and how well [], by measure.

  Those of `laziness.measures`, of recurrent weights, of rates at the last step
  and of tangent kernels of the logits; `kernel_target_alignment`; `accuracy` at
  the last step.

  Args:
    params: weights after learning.
    start: before.
    trials: inputs [B, T, num_inputs], labels int [B, T].
    config: of `rnn` or `gru`.
    last: only the last step's logits are in the kernels.
    kernel_trials: how many trials, the first, are in the kernels.
  """
  inputs, labels = trials
  first = -1 if last else 0
  asked = labels[:kernel_trials, first:]
  target = jax.nn.one_hot(asked, config.num_outputs) - 1 / config.num_outputs

  def kernel(params):
    def logits(recurrent, x):
      own = params._replace(recurrent=recurrent)
      return outputs(own, x[None], config)[0][:, first:, 0].T

    return laziness.tangent_kernel_of_trials(
        logits, params.recurrent, inputs[:kernel_trials]
    )

  kernels = kernel(params), kernel(start)
  logits, after = outputs(params, inputs, config)
  _, before = outputs(start, inputs, config)
  weights = params.recurrent, start.recurrent
  states = after[:, -1].T, before[:, -1].T
  alignment = similarity.kernel_target_alignment(kernels[0], target.ravel())
  correct = jnp.argmax(logits[:, -1], 0) == labels[:, -1]
  return laziness.measures(weights, states, kernels) | {
      'kernel_target_alignment': alignment,
      'accuracy': jnp.mean(correct),
  }

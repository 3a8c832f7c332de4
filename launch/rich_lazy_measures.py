"""What the networks of launch.rich_lazy compute, and how lazily they learnt."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from nmlib import train
from nmlib.analysis import laziness
from nmlib.neurons.rate import gru
from nmlib.neurons.rate import rnn
from nmlib.neurons.rate import rnn_trials

NEURONS = {'rnn': rnn, 'gru': gru}


def predict(
    params: Any, inputs: jax.Array, network: rnn.Config | gru.Config
) -> tuple[jax.Array, jax.Array]:
  """Returns logits [O, T, B] and rates [N, T, B] of inputs [B, T, I]."""
  if isinstance(network, rnn.Config):
    outputs = rnn_trials.unroll(params, inputs, network)
    return outputs.logits, outputs.rates
  start = gru.initial_state(network)
  run = lambda x: gru.unroll(params, start, x, network)[1]
  outputs = jax.vmap(run, out_axes=-1)(inputs)
  return outputs.logits.swapaxes(0, 1), outputs.rates.swapaxes(0, 1)


def loss(params, trials, network, asks_last: bool) -> jax.Array:
  """Returns the mean cross-entropy [] over all steps, or the last."""
  logits = predict(params, trials.inputs, network)[0]
  labels = trials.labels.T
  if asks_last:
    logits, labels = logits[:, -1], labels[-1]
  return jnp.mean(
      optax.softmax_cross_entropy_with_integer_labels(logits, labels, axis=0)
  )


def losses_and_gradients(params, trials, network, asks_last: bool):
  """Returns `loss` [R] and its gradient [R, ...] of R networks.

  Of many seeds, by `vmap`; on a CPU then one network after another, for the
  weights of all leave its caches.
  """
  one = jax.value_and_grad(loss)
  if jax.default_backend() != 'cpu':
    return jax.vmap(lambda p: one(p, trials, network, asks_last))(params)
  return train.in_turn(
      lambda params, trials: jax.lax.map(
          lambda p: one(p, trials, network, asks_last), params
      )
  )(params, trials)


def measure(
    state,
    probe: dict[str, jax.Array],
    network,
    asks_last: bool,
    kernel_trials: int,
    names: tuple[str, ...],
) -> dict[str, jax.Array]:
  """Returns every measure of laziness of each network, by 'measure/name'."""
  inputs, labels = probe['inputs'], probe['labels']
  first = -1 if asks_last else 0

  def kernel(params):
    def outputs(recurrent, x):
      logits, _ = predict(
          params._replace(recurrent=recurrent), x[None], network
      )
      return logits[:, first:, 0].T

    return laziness.tangent_kernel_of_trials(
        outputs, params.recurrent, inputs[:kernel_trials]
    )

  asked = labels[:kernel_trials, first:]
  target = jax.nn.one_hot(asked, network.num_outputs) - 1 / network.num_outputs

  def one(pair):
    params, start = pair
    logits, rates = predict(params, inputs, network)
    rates, before = rates[:, -1].T, predict(start, inputs, network)[1][:, -1].T
    w, w0 = params.recurrent, start.recurrent
    k = kernel(params)
    correct = jnp.argmax(logits[:, -1], 0) == labels[:, -1]
    return {
        'kernel_alignment': laziness.kernel_alignment(k, kernel(start)),
        'kernel_target_alignment': laziness.kernel_target_alignment(
            k, target.ravel()
        ),
        'representation_alignment': laziness.representation_alignment(
            rates, before
        ),
        'weight_change': laziness.weight_change(w, w0),
        'relative_weight_change': laziness.relative_weight_change(w, w0),
        'effective_weight_change': laziness.effective_weight_change(w, w0),
        'dimension': laziness.dimension(rates),
        'sign_similarity': laziness.sign_similarity(rates, before),
        'accuracy': jnp.mean(correct),
    }

  # One network at a time, over seeds too: a Jacobian is trials x steps x
  # outputs by N^2 numbers.
  rows = train.in_turn(lambda params, start: jax.lax.map(one, (params, start)))(
      state.params, state.start
  )
  rows |= {'final_loss': state.smoothed, 'stopped': 1.0 * state.stopped}
  return {
      f'{kind}/{name}': values[i]
      for kind, values in rows.items()
      for i, name in enumerate(names)
  }

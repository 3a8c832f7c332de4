r"""The agent's losses, each a function of latents, and one update.

.. math::
  L = \eta_p L_p + \eta_n (L_{near} + L_{rand}) + \eta_Q L_Q

Batches [B, ...]: the original holds each latent away from the one before it in
the batch. No gradient is stopped at the latent that is predicted.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib.networks import mlp
from nmlib.networks.predictive_agent import model
from nmlib.networks.predictive_agent import params as params_lib
from nmlib.neurons.core import normalization
from nmlib.plasticity.reinforcement import double_q

_SHARPNESS = 5.0  # of exp(-5 |z - z'|)


class Step(NamedTuple):
  """Transitions."""

  observation: jax.Array  # [B, ...], whatever `encode` reads
  action: jax.Array  # [B]
  reward: jax.Array  # [B]
  terminal: jax.Array  # [B] boolean
  next_observation: jax.Array  # [B, ...]


class Window(NamedTuple):
  """Two transitions in a row; the same twice where none is looked beyond."""

  first: Step
  last: Step


class Weights(NamedTuple):
  """Of the parts of the loss: floats."""

  prediction: float | jax.Array  # eta_p
  near: float | jax.Array  # eta_n
  random: float | jax.Array  # eta_n
  value: float | jax.Array = 1.0  # eta_Q


class Losses(NamedTuple):
  """The parts, weighted, and their sum; each []."""

  prediction: jax.Array
  near: jax.Array
  random: jax.Array
  value: jax.Array
  total: jax.Array


def prediction_loss(
    params: mlp.Params,
    z: jax.Array,
    action: jax.Array,
    next_z: jax.Array,
    later_z: jax.Array,
    later_action: jax.Array,
    horizon: float | jax.Array,
) -> jax.Array:
  r"""Returns L_p [], a temporal difference of latents.

  .. math::
    L_p = \mathrm{mean} (T(z, a) - z' - \gamma_p \, sg(T(z'', a'')))^2

  The double primes are of the transition that came next; where an episode ended
  in between it is the next one's, which the authors do not check.

  Args:
    params: of T.
    z: E(o) [B, d].
    action: a [B].
    next_z: E(o') [B, d], through which the gradient flows.
    later_z: of the observation [B, d] that was acted on next: z' but at ends.
    later_action: [B], taken there.
    horizon: gamma_p; 0 predicts one step.
  """
  move = jax.vmap(model.transition, (None, 0, 0))
  later = jax.lax.stop_gradient(move(params, later_z, later_action))
  error = move(params, z, action) - next_z - horizon * later
  return jnp.mean(jnp.square(error))


def spread_loss(z: jax.Array, other: jax.Array) -> jax.Array:
  """Returns mean exp(-5 |z - z'|) [] of latents [B, d], 1 where they collapse.

  The gradient is 0 where two are the same, as of an agent that met a wall.
  """
  apart = normalization.safe_norm(z - other, axis=-1)
  return jnp.mean(jnp.exp(-_SHARPNESS * apart))


def q_loss(
    params: mlp.Params,
    z: jax.Array,
    next_z: jax.Array,
    judged: jax.Array,
    steps: Step,
    discount: float,
) -> jax.Array:
  """Returns the mean squared error [] of double Q-learning.

  Args:
    params: of Q.
    z: E(o) [B, d].
    next_z: E(o') [B, d], by which the next action is chosen.
    judged: values [B, A] of o' by the slow copy.
    steps: action, reward, terminal.
    discount: gamma.
  """
  config = double_q.Config(discount)

  def one(z, next_z, judged, action, reward, terminal):
    choosing = model.values(params, next_z)
    wanted = double_q.target(reward, terminal, choosing, judged, config)
    return double_q.error(model.values(params, z), action, wanted)

  errors = jax.vmap(one)(
      z, next_z, judged, steps.action, steps.reward, steps.terminal
  )
  return jnp.mean(jnp.square(errors))


def losses(
    params: params_lib.Params,
    judged: jax.Array,
    windows: Window,
    weights: Weights,
    *,
    horizon: float | jax.Array = 0.0,
    discount: float = 0.9,
    encode: Callable[..., jax.Array] = jax.vmap(model.encode, (None, 0)),
) -> Losses:
  """Returns the weighted parts of the loss of a batch.

  Args:
    params: of the three networks.
    judged: values [B, A] of the last next observation by the slow copy.
    windows: the prediction's first step is `first`; the other losses are of
      `last`.
    weights: of the parts.
    horizon: gamma_p, of the prediction.
    discount: gamma, of values.
    encode: `(encoder, observations [N, ...]) -> [N, d]`, called once.
  """
  first, last = windows
  seen = (
      first.observation,
      first.next_observation,
      last.observation,
      last.next_observation,
  )
  latents = encode(params.encoder, jnp.concatenate(seen))
  z, next_z, last_z, last_next_z = jnp.split(latents, 4)
  parts = (
      prediction_loss(
          params.transition,
          z,
          first.action,
          next_z,
          last_z,
          last.action,
          horizon,
      ),
      spread_loss(last_z, last_next_z),
      spread_loss(last_z, jnp.roll(last_z, 1, axis=0)),
      q_loss(params.value, last_z, last_next_z, judged, last, discount),
  )
  prediction, near, rand, value = (
      jnp.asarray(weight * part)
      for weight, part in zip(weights, parts, strict=True)
  )
  total = prediction + near + rand + value
  return Losses(prediction, near, rand, value, total)


def update(
    params: params_lib.Params,
    moments: Any,
    judged: jax.Array,
    windows: Window,
    weights: Weights,
    optimizer: optax.GradientTransformation,
    **options: Any,
) -> tuple[params_lib.Params, Any, Losses]:
  """Returns parameters and moments after a step, and losses before it.

  Args:
    params: of the three networks.
    moments: of the optimizer.
    judged: as of `losses`, as are windows, weights and options.
    windows: a batch.
    weights: of the parts.
    optimizer: the authors' is Adam of rate 1e-4.
    **options: horizon, discount, encode.
  """

  def loss(params):
    found = losses(params, judged, windows, weights, **options)
    return found.total, found

  grads, found = jax.grad(loss, has_aux=True)(params)
  changes, moments = optimizer.update(grads, moments, params)
  new: Any = optax.apply_updates(params, changes)
  return new, moments, found

"""Many updates from a history that was drawn before anything was learned.

Where behaviour hangs on nothing that is learned, as a random one, a run is one
scan; where observations are few, all are encoded once an update.
"""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks.agents import agent as agents
from nmlib.networks.predictive_agent import model
from nmlib.networks.predictive_agent import objective as objective_lib
from nmlib.networks.predictive_agent import params as params_lib


class Images(NamedTuple):
  """All that a world can show, as `distinct` gives it."""

  blocks: jax.Array  # [U, 4, 4]
  places: jax.Array  # [O, cells]


class Objective(NamedTuple):
  """What is minimised; all [] may be swept."""

  weights: objective_lib.Weights
  horizon: float | jax.Array  # gamma_p; 0 looks at single transitions


def objective_of(
    prediction: float, spread: float, horizon: float, *shape: int
) -> Objective:
  """Returns an objective in arrays of a shape, such as one a seed.

  Args:
    prediction: eta_p.
    spread: eta_n, of both terms that hold latents apart; eta_Q is 1.
    horizon: gamma_p.
    *shape: of each.
  """
  full = lambda value: jnp.full(shape, value, jnp.float32)
  parts = map(full, (prediction, spread, spread, 1.0))
  return Objective(objective_lib.Weights(*parts), full(horizon))


def images_of(observations: np.ndarray) -> Images:
  """Returns the images of several worlds, [S, ...] each.

  Args:
    observations: concrete [S, O, H, W], all that each world can show. Of those
      that need fewer blocks than others the rest are 0.
  """
  parts = [model.distinct(world) for world in np.asarray(observations)]
  most = max(len(blocks) for blocks, _ in parts)
  fill = lambda b: np.pad(b, ((0, most - len(b)), (0, 0), (0, 0)))
  return Images(
      jnp.asarray(np.stack([fill(blocks) for blocks, _ in parts])),
      jnp.asarray(np.stack([places for _, places in parts])),
  )


def history_of(
    steps: agents.Transition, ends_at_time_limit: bool = True
) -> objective_lib.Step:
  """Returns a history [N] of the steps [N + 1] of one world, as stored.

  As the authors do: at a goal their agent is at the next episode's start
  already, so that the goal is never seen. A time limit ends as a goal does;
  False bootstraps through it.
  """
  then = jnp.roll(steps.observation, -1)
  ahead = jnp.where(steps.terminated, then, steps.next_observation)
  ends = steps.terminated | (steps.truncated & ends_at_time_limit)
  made = objective_lib.Step(
      steps.observation, steps.action, steps.reward, ends, ahead
  )
  return jax.tree.map(lambda leaf: leaf[:-1], made)


def latents(params: params_lib.Params, images: Images) -> jax.Array:
  """Returns z [O, d] of all images."""
  return model.encode_all(params.encoder, *images)


def predicted(params: params_lib.Params, images: Images) -> jax.Array:
  """Returns T(z, a) [O, d] of all images, its mean over actions."""
  move = lambda z, a: model.transition(params.transition, z, a)
  actions = jnp.arange(params.value[-1].bias.shape[0])
  every = jax.vmap(jax.vmap(move, (None, 0)), (0, None))
  return jnp.mean(every(latents(params, images), actions), axis=1)


def action_values(params: params_lib.Params, images: Images) -> jax.Array:
  """Returns Q [O, A] of all images."""
  judge = jax.vmap(model.values, (None, 0))
  return judge(params.value, latents(params, images))


def learn(
    key: jax.Array,
    params: params_lib.Params,
    opt_state: Any,
    history: objective_lib.Step,
    newest: jax.Array,
    images: Images,
    aim: Objective,
    optimizer: optax.GradientTransformation,
    *,
    capacity: int = 20_000,
    batch_size: int = 64,
    discount: float = 0.9,
) -> tuple[params_lib.Params, Any, objective_lib.Losses]:
  """Returns parameters and moments after updates against one slow copy.

  The copy is that of the parameters given. A window is two transitions in a
  row, whatever ends between them, as the authors draw it.

  Args:
    key: of what is drawn.
    params: of the three networks.
    opt_state: of the optimizer.
    history: transitions [N]; observations are numbers of images.
    newest: how many of them have come at each update [T], below N.
    images: that the numbers point to.
    aim: weights and horizon.
    optimizer: the authors' is Adam of rate 1e-4.
    capacity: of the memory: older transitions are forgotten.
    batch_size: transitions an update.
    discount: gamma.

  Returns:
    Parameters, moments, and the mean losses.
  """
  judged = action_values(params, images)
  every = lambda encoder, numbers: model.encode_all(encoder, *images)[numbers]

  def one(carry, now):
    params, moments = carry
    t, known = now
    rows = jax.random.randint(
        jax.random.fold_in(key, t),
        (batch_size,),
        jnp.maximum(known - capacity, 0),
        known,
    )
    then = jnp.where(aim.horizon > 0, rows + 1, rows)
    first, last = (
        jax.tree.map(lambda leaf, at=at: leaf[at], history)
        for at in (rows, then)
    )
    params, moments, found = objective_lib.update(
        params,
        moments,
        judged[last.next_observation],
        objective_lib.Window(first, last),
        aim.weights,
        optimizer,
        horizon=aim.horizon,
        discount=discount,
        encode=every,
    )
    return (params, moments), found

  (params, moments), found = jax.lax.scan(
      one, (params, opt_state), (jnp.arange(len(newest)), newest)
  )
  return params, moments, jax.tree.map(jnp.mean, found)

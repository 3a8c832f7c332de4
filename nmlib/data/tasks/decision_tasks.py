"""Decision tasks in discrete time, as NeuroGym 0.0.2 draws them at 100 ms.

8 steps of 100 ms; two choices at ring angles 0 and pi; noise of standard
deviation 0.1. Channel 0 is the fixation cue (on until the decision); label 0
is 'fixate', 1 and 2 are the choices, asked at the last step only. The three
tasks of Liu et al. (arXiv 2310.08513).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

NUM_STEPS = 8
NUM_OUTPUTS = 3
_NOISE = 0.1  # sigma / sqrt(dt) with sigma = 1, dt = 100 ms


class Trial(NamedTuple):
  inputs: jax.Array  # [T, num_inputs]
  labels: jax.Array  # int [T], 0 fixate, 1 or 2 the choice


def perceptual_decision(key: jax.Array) -> Trial:
  """Which of two noisy stimuli is stronger, over 7 steps: 3 channels."""
  choice_key, coherence_key, noise_key = jax.random.split(key, 3)
  choice = jax.random.bernoulli(choice_key).astype(jnp.int32)
  coherence = jax.random.choice(
      coherence_key, jnp.array([0.0, 6.4, 12.8, 25.6, 51.2])
  )
  towards = 1.0 - 2.0 * (jnp.arange(2) != choice)  # cos of the angle between
  stimulus = towards * coherence / 200 + 0.5
  shown = stimulus[None] + _NOISE * jax.random.normal(noise_key, (7, 2))
  inputs = _fixation(3).at[:7, 1:].set(shown)
  return Trial(inputs, _labels(choice + 1))


def delay_match_sample(key: jax.Array) -> Trial:
  """Whether the stimulus of step 6 is that of step 0: 3 channels; 1: match."""
  sample_key, match_key, noise_key = jax.random.split(key, 3)
  sample = jax.random.bernoulli(sample_key).astype(jnp.int32)
  label = 1 + jax.random.bernoulli(match_key).astype(jnp.int32)
  test = jnp.where(label == 1, sample, 1 - sample)
  shown = 1.0 * (jnp.arange(2)[None] == jnp.stack([sample, test])[:, None])
  shown += _NOISE * jax.random.normal(noise_key, (2, 2))
  inputs = _fixation(3).at[0, 1:].set(shown[0]).at[6, 1:].set(shown[1])
  return Trial(inputs, _labels(label))


def context_decision(key: jax.Array) -> Trial:
  """Which choice the cued one of two modalities shows: 7 channels.

  Channels 1-2 and 3-4 are the modalities in steps 0 and 1, channels 5-6 the
  context, on throughout.
  """
  keys = jax.random.split(key, 4)
  cued, other = 1 + jax.random.bernoulli(keys[0], shape=(2,)).astype(jnp.int32)
  context = jax.random.bernoulli(keys[1]).astype(jnp.int32)
  coherence = jax.random.choice(keys[2], jnp.array([5.0, 15.0, 50.0]), (2,))
  shows = jnp.where(jnp.arange(2) == context, cued, other)  # [modality]
  lean = (3.0 - 2.0 * shows) * coherence / 100  # + for choice 1
  stimulus = (1 + jnp.stack([lean, -lean], 1)).ravel() / 2
  cue = 1.0 * (jnp.arange(2) == context)
  inputs = _fixation(7).at[:2, 1:5].set(stimulus[None])
  inputs = inputs.at[:, 5:].set(cue[None])
  inputs = inputs.at[:2].add(_NOISE * jax.random.normal(keys[3], (2, 7)))
  return Trial(inputs, _labels(cued))


TASKS: dict[str, Callable[[jax.Array], Trial]] = {
    '2AF': perceptual_decision,
    'DMS': delay_match_sample,
    'CXT': context_decision,
}
NUM_INPUTS = {'2AF': 3, 'DMS': 3, 'CXT': 7}


def _fixation(channels: int) -> jax.Array:
  return jnp.zeros((NUM_STEPS, channels)).at[: NUM_STEPS - 1, 0].set(1.0)


def _labels(choice: jax.Array) -> jax.Array:
  return jnp.zeros(NUM_STEPS, jnp.int32).at[-1].set(choice)

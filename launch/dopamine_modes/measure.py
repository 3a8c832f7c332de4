"""What adapted perceptrons do: accuracy, sparsity, and what they compute."""

import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from launch.dopamine_modes import stages
from launch.dopamine_modes.config import Options
from nmlib import train
from nmlib.analysis import similarity
from nmlib.analysis import sparsity
from nmlib.networks import adaptation
from nmlib.networks import hardening_quality


def activity(options: Options, temperature, adapter, base, image, hard=False):
  """Runs an adapted network: logits, gates and activations by layer."""
  return adaptation.activity(
      options.kind, base, adapter, image.reshape(-1), temperature=temperature,
      hard=hard, straight_through=True, gate=options.gate,
  )  # fmt: skip


def adapted(options: Options, bases, adapters, split, rates) -> dict[str, Any]:
  """Chooses the learning rate on validation images, then tests.

  Of adapters [S, R, ...], or (), to frozen bases [S, ...]; returns arrays by
  name, seeds in front.
  """
  run = functools.partial(activity, options, options.temperatures[-1])

  def accuracy(adapter, base, part=split.validation, mode=1):
    return stages.accuracy(lambda x: run(adapter, base, x)[0], part, mode)

  def test(adapter, base):
    hard = lambda image: run(adapter, base, image, hard=True)
    logits, on, after = jax.vmap(jax.vmap(hard))(split.test.inputs)
    # Share of images for which each neuron is on: [mode, neurons].
    share = jnp.concatenate([gate.mean(1) for gate in on], 1)
    strong = [sparsity.strongly_active(h[1]) for h in after]
    return {
        'rotated': accuracy(adapter, base, split.test, 1),
        'upright': accuracy(adapter, base, split.test, 0),
        'hard': jnp.mean(jnp.argmax(logits[1], -1) == split.test.labels),
        'active': share[1].mean(),
        'strong': jnp.mean(jnp.concatenate(strong)),
        'never': jnp.mean(share[1] < 0.01),
        'overlap': similarity.jaccard(*(share > 0.5)),
        'share': share,
    }

  adapter, best = adapters, 0
  if options.kind != 'frozen':
    adapter, best = train.choose(accuracy, adapters, bases)
  found = jax.tree.map(np.asarray, jax.jit(jax.vmap(test))(adapter, bases))
  count = adaptation.count(adapter) // len(found['rotated'])
  chosen = {'rate': best, 'learning_rate': rates[best]}
  return {**found, 'trainable': count, **chosen}


def hardened(bases, gates, split, temperature) -> dict[str, np.ndarray]:
  """Hardens plain gates: what is skipped, what is fitted, what matters.

  Of gates [S, ...] around frozen bases [S, ...]; returns arrays [S] by name,
  and effects, gains and thresholds of the neurons [S, N].
  """
  learn, test = (
      part.inputs[1].reshape(len(part.labels), -1)
      for part in (split.train, split.test)
  )
  rank = lambda *pair: scipy.stats.spearmanr(*pair).statistic
  found = []
  for seed in range(len(bases[0].bias)):
    base, own = jax.tree.map(operator.itemgetter(seed), (bases, gates))
    one = hardening_quality.measure(
        base, own, learn, test, split.test.labels, temperature=temperature
    )
    one['effect_of_gain'] = rank(one['effect'], np.abs(one['gain']))
    one['effect_of_threshold'] = rank(one['effect'], one['threshold'])
    found.append(one)
  return {name: np.array([one[name] for one in found]) for name in found[0]}

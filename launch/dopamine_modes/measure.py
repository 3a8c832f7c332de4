"""What adapted perceptrons do: accuracy, sparsity, and what they compute."""

import functools
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
from nmlib.networks import hardening
from nmlib.networks import mlp


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
  labels = split.test.labels
  learn, test = (
      part.inputs[1].reshape(len(part.labels), -1)
      for part in (split.train, split.test)
  )
  answers = lambda *network: jnp.argmax(hardening.hard(*network, test)[0], -1)

  def one(base, own):
    fitted = hardening.calibrate(base, own, learn, temperature=temperature)
    found = {
        'calibrated': jnp.mean(answers(base, fitted) == labels),
        'effect': jnp.concatenate(hardening.importance(base, own, test[:100])),
        'gain': jnp.concatenate([gate.gain for gate in own]),
        'threshold': jnp.concatenate([gate.threshold for gate in own]),
    }
    rank = lambda x: scipy.stats.spearmanr(found['effect'], x).statistic
    found['effect_of_gain'] = rank(np.abs(found['gain']))
    found['effect_of_threshold'] = rank(found['threshold'])
    flops = _flops(lambda x: mlp.apply(base, x), test[0])
    _, share = hardening.hard(base, own, learn)
    before = answers(base, own)
    for rule, least in (('never on', 0.0), ('on < 1 %', 0.01)):
      kept = tuple(mean > least for mean in share)
      small, thresholds = hardening.harden(base, own, kept)
      run = functools.partial(hardening.run, small, thresholds)
      again = jnp.argmax(jax.jit(jax.vmap(run))(test), -1)
      found |= {
          f'{rule}: kept': sum(map(len, thresholds)) / len(found['gain']),
          f'{rule}: FLOPs': _flops(run, test[0]) / flops,
          f'{rule}: same': jnp.mean(again == before),
          f'{rule}: accuracy': jnp.mean(again == labels),
      }
    return found

  found = [
      one(*jax.tree.map(lambda leaf, s=seed: leaf[s], (bases, gates)))
      for seed in range(len(bases[0].bias))
  ]
  return {name: np.array([f[name] for f in found]) for name in found[0]}


def _flops(function, x: jax.Array) -> float:
  """Returns what the compiler counts for one input."""
  cost: Any = jax.jit(function).lower(x).compile().cost_analysis()
  return float(cost['flops'])

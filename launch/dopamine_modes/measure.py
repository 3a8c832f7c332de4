"""What adapted perceptrons do: accuracy, sparsity, and what they compute."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

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


def adapted(
    options: Options,
    bases: mlp.Params,
    adapters: Any,
    split: train.Split,
    rates: tuple[float, ...],
) -> dict[str, Any]:
  """Chooses the learning rate on validation images, then tests.

  Args:
    options: the way to adapt.
    bases: frozen networks [S, ...].
    adapters: [S, R, ...], or ().
    split: images of both modes.
    rates: R learning rates.

  Returns:
    Arrays by name, seeds in front.
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


def hardened(
    bases: mlp.Params, gates: Any, split: train.Split, temperature: float
) -> dict[str, np.ndarray]:
  """Hardens plain gates: what is skipped, what is fitted, what matters.

  Args:
    bases: frozen networks [S, ...].
    gates: of the chosen learning rate, [S, ...].
    split: images of both modes.
    temperature: of the soft gates.

  Returns:
    Arrays [S] by name; effects, gains and thresholds of the neurons [S, N].
  """
  found = []
  for seed in range(len(bases[0].bias)):
    base, own = jax.tree.map(lambda leaf, s=seed: leaf[s], (bases, gates))
    found.append(_hardened(base, own, split, temperature))
  return {name: np.array([f[name] for f in found]) for name in found[0]}


def _hardened(base, gates, split: train.Split, temperature) -> dict[str, Any]:
  """Skips neurons that no training image of the mode uses ('any'), or that

  at most one in a hundred uses ('rare'); one seed.
  """
  learn, test = (
      part.inputs[1].reshape(len(part.labels), -1)
      for part in (split.train, split.test)
  )
  answer = lambda logits: jnp.argmax(logits, -1)
  right = lambda answers: jnp.mean(answers == split.test.labels)
  answers = answer(hardening.hard(base, gates, test)[0])
  fitted = hardening.calibrate(base, gates, learn, temperature=temperature)
  effect = np.concatenate(hardening.importance(base, gates, test[:100]))
  gain = np.concatenate([gate.gain for gate in gates])
  threshold = np.concatenate([gate.threshold for gate in gates])
  found = {
      'calibrated': right(answer(hardening.hard(base, fitted, test)[0])),
      'base_flops': _flops(lambda x: mlp.apply(base, x), test[0]),
      'effect': effect,
      'gain': gain,
      'threshold': threshold,
      'effect_of_gain': stats.spearmanr(effect, np.abs(gain)).statistic,
      'effect_of_threshold': stats.spearmanr(effect, threshold).statistic,
  }
  for name, least in (('any', 0.0), ('rare', 0.01)):
    small, thresholds = hardening.skip(base, gates, learn, least)
    run = functools.partial(hardening.run, small, thresholds)
    again = answer(jax.jit(jax.vmap(run))(test))
    found |= {
        f'{name}_agreement': jnp.mean(again == answers),
        f'{name}_accuracy': right(again),
        f'{name}_kept': sum(map(len, thresholds)) / len(gain),
        f'{name}_flops': _flops(run, test[0]),
    }
  return found


def _flops(function, x: jax.Array) -> float:
  """Returns what the compiler counts for one input."""
  cost: Any = jax.jit(function).lower(x).compile().cost_analysis()
  return float(cost['flops'])

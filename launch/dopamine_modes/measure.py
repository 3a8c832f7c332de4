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
from nmlib.networks import adaptation
from nmlib.networks import hardening
from nmlib.networks import mlp


def measured(
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

  def run(base, adapter, x, hard):
    return adaptation.activity(
        options.kind,
        base,
        adapter,
        x.reshape(-1),
        temperature=options.temperatures[-1],
        hard=hard,
        gate=options.gate,
    )

  def accuracy(base, adapter, part, mode, hard=False):
    answer = lambda x: run(base, adapter, x, hard)[0]
    return train.accuracy(answer, stages.in_mode(part, mode))

  def test(base, adapter):
    score = functools.partial(accuracy, base, adapter, split.test)
    _, on, activations = zip(
        *(
            jax.vmap(lambda x: run(base, adapter, x, True))(images)
            for images in split.test.inputs
        ),
        strict=True,
    )
    return {
        'rotated': score(1),
        'upright': score(0),
        'hard': score(1, True),
        'hard_upright': score(0, True),
        **_sparsity(on, activations[1]),
    }

  adapter, best = adapters, 0
  if options.kind != 'frozen':
    validation = lambda a, b: accuracy(b, a, split.validation, 1)
    adapter, best = stages.choose(validation, adapters, bases)
  found = jax.tree.map(np.asarray, jax.jit(jax.vmap(test))(bases, adapter))
  return found | {
      'trainable': adaptation.count(adapter) // len(found['rotated']),
      'rate': best,
      'learning_rate': rates[best],
  }


def _sparsity(on, activations) -> dict[str, jax.Array]:
  """Which neurons are on, by layer [N, neurons], in both modes."""
  # Share of examples for which each neuron is on: [mode, neurons].
  share = jnp.stack(
      [jnp.concatenate([g.mean(0) for g in gates]) for gates in on]
  )
  means = [jnp.abs(h).mean(0) for h in activations]
  upright, rotated = share > 0.5
  both, either = (upright & rotated).sum(), (upright | rotated).sum()
  return {
      'active': share[1].mean(),
      'never_on': jnp.mean(share[1] < 0.01),
      'overlap': both / jnp.maximum(either, 1),
      'share': share,
      'strongly_active': jnp.mean(
          jnp.concatenate([h > 0.5 * h.max() for h in means])
      ),
  }


def conditional(
    bases: mlp.Params, gates: Any, split: train.Split, temperature: float
) -> dict[str, np.ndarray]:
  """Hardens plain gates: what is skipped, what is fitted, what matters.

  Args:
    bases: frozen networks [S, ...].
    gates: of the chosen learning rate, [S, ...].
    split: images of both modes.
    temperature: of the soft gates.

  Returns:
    Arrays [S] by name, and of seed 0 the neurons' effects, gains and
    thresholds [N].
  """
  found = []
  flat = lambda part: part.inputs[1].reshape(len(part.labels), -1)
  learn, test = flat(split.train), flat(split.test)
  for seed in range(len(bases[0].bias)):
    base, own = jax.tree.map(lambda leaf, s=seed: leaf[s], (bases, gates))
    found.append(
        _hardened(base, own, learn, test, split.test.labels)
        | _fitted(base, own, learn, test, split.test.labels, temperature)
        | _attributed(base, own, test[:100])
    )
  first = ('effect', 'gain', 'threshold')
  return {
      name: found[0][name]
      if name in first
      else np.array([f[name] for f in found])
      for name in found[0]
  }


@jax.jit
def _hard(base, gates, xs):
  return jax.vmap(
      lambda x: adaptation.apply('mode_gate', base, gates, x, hard=True)
  )(xs)


def _hardened(base, gates, learn, test, labels) -> dict[str, Any]:
  """Takes out the neurons that no training image of the mode uses ('any'),

  or that fewer than one in a hundred use ('rare').
  """
  share = [gate.mean(0) for gate in _hard(base, gates, learn)[1]]
  answers = jnp.argmax(_hard(base, gates, test)[0], -1)
  found = {'base_flops': flops(lambda x: mlp.apply(base, x), test[0])}
  for name, least in (('any', 0.0), ('rare', 0.01)):
    kept = tuple(s > least for s in share)
    small, thresholds = hardening.harden(base, gates, kept)
    run = functools.partial(hardening.run, small, thresholds)
    again = jnp.argmax(jax.jit(jax.vmap(run))(test), -1)
    found |= {
        f'{name}_agreement': float(jnp.mean(again == answers)),
        f'{name}_accuracy': float(jnp.mean(again == labels)),
        f'{name}_kept': float(jnp.mean(jnp.concatenate(kept))),
        f'{name}_flops': flops(run, test[0]),
    }
  return found


def _fitted(base, gates, learn, test, labels, temperature) -> dict[str, Any]:
  """Accuracy of gates that are calibrated for hard use."""
  fitted = hardening.calibrate(base, gates, learn, temperature=temperature)
  answers = jnp.argmax(_hard(base, fitted, test)[0], -1)
  return {'calibrated': float(jnp.mean(answers == labels))}


@jax.jit
def _effects(base, gates, xs):
  return jax.vmap(lambda x: hardening.attribution(base, gates, x))(xs)


def _attributed(base, gates, xs) -> dict[str, Any]:
  """What each neuron does to the logits, beside its gain and threshold."""
  found = {
      'effect': jnp.concatenate(
          [jnp.abs(e).mean((0, 2)) for e in _effects(base, gates, xs)]
      ),
      'gain': jnp.concatenate([gate.gain for gate in gates]),
      'threshold': jnp.concatenate([gate.threshold for gate in gates]),
  }
  rank = lambda x, y: float(stats.spearmanr(x, y).statistic)
  found = jax.tree.map(np.asarray, found)
  return found | {
      'effect_of_gain': rank(found['effect'], np.abs(found['gain'])),
      'effect_of_threshold': rank(found['effect'], found['threshold']),
  }


def flops(function, x: jax.Array) -> float:
  """Returns what the compiler counts for one input."""
  cost: Any = jax.jit(function).lower(x).compile().cost_analysis()
  return float(cost['flops'])

"""What adapted perceptrons do: accuracy, sparsity, and what they compute."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from nmlib.networks import adaptation
from nmlib.networks import hardening
from nmlib.networks import mlp


def measured(chosen: Any, state, data, rates: tuple[float, ...]):
  """Chooses the learning rate on validation images, then tests.

  Args:
    chosen: the launcher's `Options`.
    state: bases [S, ...] and adapters [S, R, ...].
    data: images of both modes.
    rates: R learning rates.

  Returns:
    Arrays by name, seeds in front.
  """

  def run(base, adapter, images, hard):
    return jax.vmap(
        lambda x: adaptation.activity(
            chosen.kind,
            base,
            adapter,
            x,
            temperature=chosen.temperatures[-1],
            hard=hard,
            gate=chosen.gate,
        )
    )(images)

  def accuracy(base, adapter, images, labels, hard=False):
    logits, _, _ = run(base, adapter, images, hard)
    return jnp.mean(jnp.argmax(logits, -1) == labels)

  def validation(base, adapters):
    if chosen.kind == 'frozen':
      return jnp.zeros(len(rates))
    return jax.vmap(
        lambda a: accuracy(base, a, data.validation[1], data.validation_labels)
    )(adapters)

  scores = jax.jit(jax.vmap(validation))(state.base, state.adapter)
  best = int(jnp.argmax(scores.mean(0)))
  best_adapter = jax.tree.map(lambda leaf: leaf[:, best], state.adapter)

  def test(base, adapter):
    out = {
        'rotated': accuracy(base, adapter, data.test[1], data.test_labels),
        'upright': accuracy(base, adapter, data.test[0], data.test_labels),
        'hard': accuracy(base, adapter, data.test[1], data.test_labels, True),
        'hard_upright': accuracy(
            base, adapter, data.test[0], data.test_labels, True
        ),
    }
    _, on, activations = zip(
        *(run(base, adapter, images, True) for images in data.test),
        strict=True,
    )
    # Share of examples for which each neuron is on: [mode, neurons].
    share = jnp.stack(
        [jnp.concatenate([g.mean(0) for g in gates]) for gates in on]
    )
    means = [jnp.abs(h).mean(0) for h in activations[1]]
    strong = [h > 0.5 * h.max() for h in means]
    often = share > 0.5
    out |= {
        'active': share[1].mean(),
        'never_on': jnp.mean(share[1] < 0.01),
        'overlap': (often[0] & often[1]).sum()
        / jnp.maximum((often[0] | often[1]).sum(), 1),
        'share': share,
        'strongly_active': jnp.mean(jnp.concatenate(strong)),
    }
    return out

  result = jax.jit(jax.vmap(test))(state.base, best_adapter)
  trainable = adaptation.count(best_adapter) // len(result['rotated'])
  return {
      **jax.tree.map(np.asarray, result),
      'trainable': trainable,
      'rate': best,
      'learning_rate': rates[best],
  }


def conditional(state, data, rate: int, temperature: float):
  """Hardens plain gates: what is skipped, what is fitted, what matters.

  Neurons are removed that no training image of the mode uses ('any'), or that
  fewer than one in a hundred use ('rare').

  Args:
    state: bases [S, ...] and gates [S, R, ...].
    data: images of both modes.
    rate: index of the learning rate.
    temperature: of the soft gates.

  Returns:
    Arrays [S] by name, and of seed 0 the neurons' effects, gains and
    thresholds [N].
  """
  found: dict[str, list[float]] = {}
  first: dict[str, jax.Array] = {}
  # Compiled once for all seeds, which share shapes.
  hard = jax.jit(
      lambda base, gates, xs: jax.vmap(
          lambda x: adaptation.apply('mode_gate', base, gates, x, hard=True)
      )(xs)
  )
  ablate = jax.jit(
      lambda base, gates, xs: jax.vmap(
          lambda x: hardening.attribution(base, gates, x)
      )(xs)
  )
  images, labels = data.test[1], data.test_labels
  for seed in range(len(state.step)):
    base = jax.tree.map(lambda leaf, s=seed: jnp.asarray(leaf[s]), state.base)
    gates = jax.tree.map(lambda leaf, s=seed: leaf[s, rate], state.adapter)

    share = [gate.mean(0) for gate in hard(base, gates, data.train[1])[1]]
    answers = jnp.argmax(hard(base, gates, images)[0], -1)
    new: dict[str, Any] = {
        'base_flops': flops(lambda x, b=base: mlp.apply(b, x), images[0])
    }
    for name, least in (('any', 0.0), ('rare', 0.01)):
      kept = tuple(s > least for s in share)
      small, thresholds = hardening.harden(base, gates, kept)
      shrunk = lambda x, n=small, t=thresholds: hardening.run(n, t, x)
      again = jnp.argmax(jax.jit(jax.vmap(shrunk))(images), -1)
      new |= {
          f'{name}_agreement': jnp.mean(again == answers),
          f'{name}_accuracy': jnp.mean(again == labels),
          f'{name}_kept': jnp.mean(jnp.concatenate(kept)),
          f'{name}_flops': flops(shrunk, images[0]),
      }
    fitted = hardening.calibrate(
        base, gates, data.train[1], temperature=temperature
    )
    logits = hard(base, fitted, images)[0]
    new['calibrated'] = jnp.mean(jnp.argmax(logits, -1) == labels)
    effects = ablate(base, gates, images[:100])
    effect = jnp.concatenate([jnp.abs(e).mean((0, 2)) for e in effects])
    gain, threshold = (
        jnp.concatenate([getattr(g, name) for g in gates])
        for name in ('gain', 'threshold')
    )
    new['effect_of_gain'] = _rank_correlation(effect, jnp.abs(gain))
    new['effect_of_threshold'] = _rank_correlation(effect, threshold)
    for name, value in new.items():
      found.setdefault(name, []).append(float(value))
    if not seed:
      first = {'effect': effect, 'gain': gain, 'threshold': threshold}
  arrays = {name: np.array(values) for name, values in found.items()}
  return arrays | jax.tree.map(np.asarray, first)


def _rank_correlation(x: jax.Array, y: jax.Array) -> float:
  return float(stats.spearmanr(np.asarray(x), np.asarray(y)).statistic)


def flops(function, x: jax.Array) -> float:
  """Returns what the compiler counts for one input."""
  cost: Any = jax.jit(function).lower(x).compile().cost_analysis()
  return float(cost['flops'])

"""What adapted perceptrons do: accuracy, sparsity, and what they compute."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import adaptation
from nmlib.networks import mlp


def measured(name: str, state, data, rates: tuple[float, ...], temperature):
  """Chooses the learning rate on validation images, then tests.

  Args:
    name: method, as in `adaptation.METHODS`.
    state: bases [S, ...] and adapters [S, R, ...].
    data: images of both modes.
    rates: R learning rates.
    temperature: of smooth gates.

  Returns:
    Arrays by name, seeds in front.
  """

  def run(base, adapter, images, hard):
    return jax.vmap(
        lambda x: adaptation.apply(
            name, base, adapter, x, temperature=temperature, hard=hard
        )
    )(images)

  def accuracy(base, adapter, images, labels, hard=False):
    logits, _ = run(base, adapter, images, hard)
    return jnp.mean(jnp.argmax(logits, -1) == labels)

  def validation(base, adapters):
    if name == 'frozen':
      return jnp.zeros(len(rates))
    return jax.vmap(
        lambda a: accuracy(base, a, data.validation[1], data.validation_labels)
    )(adapters)

  scores = jax.jit(jax.vmap(validation))(state.base, state.adapter)
  best = int(jnp.argmax(scores.mean(0)))
  chosen = jax.tree.map(lambda leaf: leaf[:, best], state.adapter)

  def test(base, adapter):
    out = {
        'rotated': accuracy(base, adapter, data.test[1], data.test_labels),
        'upright': accuracy(base, adapter, data.test[0], data.test_labels),
        'hard': accuracy(base, adapter, data.test[1], data.test_labels, True),
        'hard_upright': accuracy(
            base, adapter, data.test[0], data.test_labels, True
        ),
    }
    on = [run(base, adapter, images, True)[1] for images in data.test]
    # Share of examples for which each neuron is on: [mode, neurons].
    share = jnp.stack(
        [jnp.concatenate([g.mean(0) for g in gates]) for gates in on]
    )
    often = share > 0.5
    out |= {
        'active': share[1].mean(),
        'never_on': jnp.mean(share[1] < 0.01),
        'overlap': (often[0] & often[1]).sum()
        / jnp.maximum((often[0] | often[1]).sum(), 1),
        'share': share,
    }
    return out

  result = jax.jit(jax.vmap(test))(state.base, chosen)
  trainable = adaptation.count(chosen) // len(result['rotated'])
  return {
      **jax.tree.map(np.asarray, result),
      'trainable': trainable,
      'rate': best,
      'learning_rate': rates[best],
  }


def hardened(state, data, rate: int):
  """Removes neurons that no training image uses, and counts what is left.

  Args:
    state: bases [S, ...] and gates [S, R, ...].
    data: images of both modes.
    rate: index of the learning rate.

  Returns:
    Arrays [S] by name.
  """
  found: dict[str, list[float]] = {
      'flops': [],
      'base_flops': [],
      'agreement': [],
      'kept': [],
  }
  for seed in range(len(state.step)):
    base = jax.tree.map(lambda leaf, s=seed: jnp.asarray(leaf[s]), state.base)
    gates = jax.tree.map(lambda leaf, s=seed: leaf[s, rate], state.adapter)
    run = lambda x, b=base, g=gates: adaptation.apply(
        'mode_gate', b, g, x, hard=True
    )
    _, on = jax.vmap(run)(data.train[1])
    kept = tuple((gate > 0).any(0) for gate in on)
    small, thresholds = adaptation.harden(base, gates, kept)
    shrunk = lambda x, n=small, t=thresholds: adaptation.run_hardened(n, t, x)
    same = jnp.argmax(jax.vmap(run)(data.test[1])[0], -1) == jnp.argmax(
        jax.vmap(shrunk)(data.test[1]), -1
    )
    found['agreement'].append(float(same.mean()))
    found['kept'].append(float(jnp.concatenate(kept).mean()))
    x = data.test[1, 0]
    found['flops'].append(flops(shrunk, x))
    found['base_flops'].append(flops(lambda x, b=base: mlp.apply(b, x), x))
  return {name: np.array(values) for name, values in found.items()}


def flops(function, x: jax.Array) -> float:
  """Returns what the compiler counts for one input."""
  cost: Any = jax.jit(function).lower(x).compile().cost_analysis()
  return float(cost['flops'])

"""What hard gates skip, cost and answer, and which of their neurons matter.

See `hardening`. Counts of operations are those of the compiler.
"""

from collections.abc import Callable
from collections.abc import Sequence
import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from nmlib.analysis import similarity
from nmlib.analysis import sparsity
from nmlib.networks import hardening
from nmlib.networks import mlp

# Neurons are removed that are on for no larger share of inputs.
RULES = {'never on': 0.0, 'on < 1 %': 0.01}


def measure(
    base: mlp.Params,
    gates: hardening.Gates,
    calibration: jax.Array,
    inputs: jax.Array,
    labels: jax.Array,
    *,
    temperature: float = 0.1,
) -> dict[str, Any]:
  """Hardens the gates of one mode, and compares answers and operations.

  Args:
    base: the frozen network.
    gates: trained gates.
    calibration: inputs [P, ...] of D numbers each that say which neurons are
      on, and to which gates are fitted.
    inputs: to be tested on, [B, ...].
    labels: int [B].
    temperature: of the soft gates.

  Returns:
    `calibrated`, the accuracy of gates that were fitted; `effect` of each
    neuron on the logits, its `gain` and `threshold` [N]; and by rule, as in
    'never on: kept', the share of neurons `kept`, of the base's `FLOPs`, of
    inputs with the `same` answer as by all neurons, and the `accuracy`.

  Raises:
    ValueError: if the gates are untrained, or do not fit the network.
  """
  calibration, inputs = (x.reshape(len(x), -1) for x in (calibration, inputs))
  answers = lambda own: jnp.argmax(hardening.hard(base, own, inputs)[0], -1)
  fitted = hardening.calibrate(
      base, gates, calibration, temperature=temperature
  )
  effects = hardening.importance(base, gates, inputs[:100])
  found: dict[str, Any] = {
      'calibrated': jnp.mean(answers(fitted) == labels, dtype=float),
      'effect': jnp.concatenate(effects),
      'gain': jnp.concatenate([gate.gain for gate in gates]),
      'threshold': jnp.concatenate([gate.threshold for gate in gates]),
  }
  whole = flops(lambda x: mlp.apply(base, x), inputs[0])
  _, share = hardening.hard(base, gates, calibration)
  before = answers(gates)
  for rule, least in RULES.items():
    kept = tuple(mean > least for mean in share)
    small, thresholds = hardening.harden(base, gates, kept)
    run = functools.partial(hardening.run, small, thresholds)
    again = jnp.argmax(jax.jit(jax.vmap(run))(inputs), -1)
    found |= {
        f'{rule}: kept': sum(map(len, thresholds)) / len(found['gain']),
        f'{rule}: FLOPs': flops(run, inputs[0]) / whole,
        f'{rule}: same': jnp.mean(again == before, dtype=float),
        f'{rule}: accuracy': jnp.mean(again == labels, dtype=float),
    }
  return found


def of_networks(
    bases: mlp.Params,
    gates: hardening.Gates,
    calibration: jax.Array,
    inputs: jax.Array,
    labels: jax.Array,
    *,
    temperature: float = 0.1,
) -> dict[str, np.ndarray]:
  """Returns what `measure` finds of each network, leaves [S, ...].

  And `effect_of_gain`, `effect_of_threshold` [S], the rank correlation over
  neurons of the effect with |gain| and with the threshold.
  """
  rank = lambda *pair: scipy.stats.spearmanr(*pair).statistic
  found = []
  for seed in range(len(bases[0].bias)):
    base, own = jax.tree.map(operator.itemgetter(seed), (bases, gates))
    one = measure(
        base, own, calibration, inputs, labels, temperature=temperature
    )
    one['effect_of_gain'] = rank(one['effect'], np.abs(one['gain']))
    one['effect_of_threshold'] = rank(one['effect'], one['threshold'])
    found.append(one)
  return {name: np.array([one[name] for one in found]) for name in found[0]}


def usage(
    gates: Sequence[jax.Array], activations: Sequence[jax.Array]
) -> dict[str, jax.Array]:
  """Returns how two modes use the neurons of a network.

  Args:
    gates: hard ones of each layer for the B inputs of either mode, [2, B, n].
    activations: h of each layer, likewise; those of the second mode count.

  Returns:
    `share` [2, N] of inputs for which each neuron is on; of the second mode
    `active`, the mean share, and of all neurons `strong`, those whose mean |h|
    exceeds half of the largest of their layer, and `never`, those on for fewer
    than 1 %;
    `overlap`, of the neurons on for most inputs of either mode, those on for
    most of both (Jaccard).
  """
  share = jnp.concatenate([gate.mean(1) for gate in gates], 1)
  strong = [sparsity.strongly_active(h[1]) for h in activations]
  return {
      'active': share[1].mean(),
      'strong': jnp.mean(jnp.concatenate(strong)),
      'never': jnp.mean(share[1] < 0.01),
      'overlap': similarity.jaccard(*(share > 0.5)),
      'share': share,
  }


def flops(function: Callable[..., Any], *arguments: Any) -> float:
  """Returns the operations that the compiler counts for one call."""
  cost: Any = jax.jit(function).lower(*arguments).compile().cost_analysis()
  return float(cost['flops'])

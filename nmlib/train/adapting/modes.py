"""Gates for many modes of frozen networks, beside networks tuned whole."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from nmlib.networks import adaptation
from nmlib.networks import gated
from nmlib.networks import gated_modes
from nmlib.train import sweep
from nmlib.train.adapting import adapters
from nmlib.train.examples import Split
from nmlib.train.run import Run
from nmlib.train.stage import Loop


def add_modes(
    run: Run,
    name: str,
    network: gated.Network,
    bases: Any,
    split: Split,
    *,
    loop: Loop,
    rates: Sequence[float],
    sequence_rates: Sequence[float],
    num_classes: int,
    temperature: float = 0.1,
    seeds: Sequence[int] = (0,),
) -> dict[str, Any]:
  """Gives frozen networks a mode each for M conditions, and tests them.

  Beside them whole networks learn one condition after the other, from as many
  examples of each as gates do.

  Args:
    run: in whose workdir the stages are `<name>_modes` and `<name>_sequence`.
    name: of the stages.
    network: (params, input) -> logits, with a keyword `site`.
    bases: its parameters for every seed, [S, ...].
    split: inputs [M, N, ...].
    loop: steps and batch, of either.
    rates: of gates; one is chosen.
    sequence_rates: of whole networks; likewise.
    num_classes: of labels.
    temperature: of gates.
    seeds: S.

  Returns:
    By name what `gated_modes.evaluate` finds, [S, M, ...]; accuracies of whole
    networks, `full in sequence` [S, M]; and the number of `trainable`
    parameters of all gates of a network.
  """
  inputs, count = split.train.inputs, len(split.train.inputs)
  first = jax.tree.map(lambda leaf: leaf[0], bases)
  widths = gated.layers(network, first, inputs[0, 0])
  soft = lambda gates, mode, base, x: gated_modes.apply(
      network, gates, mode, base, x, temperature=temperature
  )[0]
  plain = lambda params, mode, base, x: network(params, x)
  in_turn = lambda step: jnp.full(
      loop.batch_size, step * count // loop.num_steps
  )

  def best(kind, modes, init, logits, rates):
    stage = adapters.adapter_stage(
        split.train, modes, init, logits=logits, rates=rates, bases=bases,
        name=f'{name}_{kind}', loop=loop, seeds=tuple(seeds),
    )  # fmt: skip
    score = lambda own, base: gated_modes.accuracies(
        lambda mode, x: logits(own, mode, base, x), *split.validation
    ).mean()
    return sweep.choose(score, adapters.learned(run, stage), bases)[0]

  fresh = lambda *_: gated_modes.init(widths, count)
  gates = best('modes', range(count), fresh, soft, rates)
  tuned = best('sequence', in_turn, lambda _, b: b, plain, sequence_rates)
  means = gated_modes.prototypes(*split.train, num_classes=num_classes)
  test = lambda base, gates, tuned: gated_modes.evaluate(
      network, base, gates, means, *split.test, temperature=temperature,
      rivals={'full in sequence': tuned},
  )  # fmt: skip
  found = jax.jit(jax.vmap(test))(bases, gates, tuned)
  return found | {'trainable': adaptation.count(gates) // len(seeds)}

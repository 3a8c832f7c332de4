"""What learns beside frozen networks: adapters of perceptrons, by any rule.

Examples come in several modes, the same ones in each. Adapters learn at several
rates side by side, and one is chosen on validation examples.
"""

from collections.abc import Callable
from collections.abc import Sequence
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks import adaptation
from nmlib.networks import ways_to_adapt
from nmlib.train import examples as examples_lib
from nmlib.train import sweep
from nmlib.train.examples import Examples
from nmlib.train.examples import Split
from nmlib.train.fit import fit
from nmlib.train.hosts import distributed
from nmlib.train.run import Run
from nmlib.train.stage import Loop
from nmlib.train.stage import Stage


def adapter_stage(
    examples: Examples,
    modes: Sequence[int] | Callable[[jax.Array], jax.Array],
    init: Callable[[jax.Array, Any], Any],
    *,
    logits: Callable[[Any, jax.Array, Any, Any], jax.Array] | None = None,
    loss: Callable[..., jax.Array] | None = None,
    rates: Sequence[float],
    bases: Any = (),
    **fields: Any,
) -> Stage:
  """Returns the training of what learns beside frozen bases, by Adam.

  Args:
    examples: to learn from, drawn with replacement: inputs [M, N, ...], the
      same N examples in each of M modes, and labels int [N].
    modes: that the examples of a batch come in, one after the other; or step ->
      the mode of each, int [B].
    init: (key, base) -> what learns, `own`.
    logits: (own, mode, base, input) -> [K]; the loss is then cross-entropy.
    loss: (own, base, input, label, step) -> [], instead.
    rates: R learning rates; all see the same examples at each step.
    bases: what stays of each seed, a pytree [S, ...]; () if nothing.
    **fields: the others of `Stage`, such as name and loop.

  Returns:
    The stage; its state has `params['own']` and `params['base']`, [S, R, ...].

  Raises:
    ValueError: unless either logits or loss is given.
  """
  if (logits is None) == (loss is None):
    raise ValueError('an adapter_stage needs either logits or loss.')
  inputs, labels = examples
  size = fields['loop'].batch_size
  seen: Any = modes
  if not callable(modes):
    turns = jnp.asarray(np.resize(modes, size))
    seen = lambda step: turns

  def batch(key, step):
    key = jax.random.fold_in(key, step)
    rows, now = jax.random.randint(key, (size,), 0, len(labels)), seen(step)
    return inputs[now, rows], labels[rows], now, jnp.full(size, step)

  def cost(params, example, _):
    own, base = params['own'], jax.lax.stop_gradient(params['base'])
    x, label, mode, step = example
    if loss is not None:
      return loss(own, base, x, label, step), {}
    assert logits is not None
    return examples_lib.cross_entropy(logits(own, mode, base, x), label), {}

  @optax.inject_hyperparams
  def optimizer(learning_rate):
    return optax.partition(
        {'own': optax.adam(learning_rate), 'base': optax.set_to_zero()},
        {'own': 'own', 'base': 'base'},
    )

  return Stage(
      init=lambda key, base: {'base': base, 'own': init(key, base)},
      loss=cost, optimizer=optimizer(rates[0]), data=batch, starts=bases,
      sweep={'learning_rate': np.array(rates, np.float32)}, **fields,
  )  # fmt: skip


def learned(run: Run, stage: Stage) -> Any:
  """Fits an `adapter_stage`; returns what has learned, [S, R, ...]."""
  return distributed.to_host(fit(run, stage).state.params['own'])


def adapt(
    run: Run,
    name: str,
    way: ways_to_adapt.Way,
    bases: Any,
    split: Split,
    *,
    loop: Loop,
    rates: Sequence[float],
    modes: tuple[str, str] = ('other', 'own'),
    seeds: Sequence[int] = (0,),
) -> tuple[Any, dict[str, np.ndarray]]:
  """Adapts frozen perceptrons in one way to one mode, and tests them.

  Args:
    run: in whose workdir the stage is `name` and the result `result_<name>`.
    name: of the stage.
    way: how.
    bases: `mlp.Params` of every seed, [S, ...].
    split: inputs [2, N, ...] in two modes; the last is learned.
    loop: steps and batch.
    rates: R learning rates.
    modes: what the modes are called.
    seeds: S.

  Returns:
    Adapters at all rates, [S, R, ...], and by name: what
    `ways_to_adapt.measure` finds of those at the rate that is best on
    validation examples, [S, ...]; the number of `trainable` parameters of one;
    `rate`, its index, and `learning_rate`.
  """
  adapters = ()
  if way.method != 'frozen':
    stage = adapter_stage(
        split.train, (1,), functools.partial(ways_to_adapt.init, way),
        loss=functools.partial(ways_to_adapt.loss, way, loop.num_steps),
        rates=rates, bases=bases, name=name, loop=loop, seeds=tuple(seeds),
    )  # fmt: skip
    adapters = learned(run, stage)

  def compute():
    inputs, labels = split.validation
    score = lambda own, base: ways_to_adapt.accuracy(
        way, own, base, inputs[1], labels
    )
    best, rate = sweep.choose(score, adapters, bases)
    test = lambda own, base: ways_to_adapt.measure(
        way, own, base, *split.test, modes=modes
    )
    return jax.jit(jax.vmap(test))(best, bases) | {
        'trainable': adaptation.count(best) // len(seeds),
        'rate': rate,
        'learning_rate': rates[rate],
    }

  return adapters, run.result(f'result_{name}', compute)

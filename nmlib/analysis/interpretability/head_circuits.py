"""Heads that tasks take: found, judged, compared, and made to do another's.

Merullo, Eickhoff & Pavlick (arXiv 2310.08744). A `run` is of one example, as
`nmlib.analysis.patching` takes it, of a network with the Transformer's sites,
whose outputs have `logits` of which the last row answers. Prompts have `tokens`
and `corrupt`, int [B, T], and `answers`, int [B, 2], the right one and the
twin's; to repair they have `wrong`, bool [B, T], where wrong candidates stand.
"""

from collections.abc import Callable
import dataclasses
from typing import Annotated
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import patching
from nmlib.analysis.interpretability import attribution
from nmlib.analysis.interpretability import task_circuits
from nmlib.analysis.patching import sweeps
from nmlib.neurons.core import checks
from nmlib.neurons.core import limits

STAGES = 'logits', 'queries', 'keys, values'  # receivers, stage by stage


@dataclasses.dataclass(frozen=True)
class Search:
  """How circuits are found and judged."""

  top_k: limits.Count = 5  # heads of a stage: its circuit, the next's receivers
  largest_k: limits.Count = 6  # K, circuits are of 1 to K heads a stage
  random_sets: limits.Count = 20  # N
  resamples: Annotated[int, limits.Range(2)] = 50  # of the prompts
  batch_size: limits.Count = 16  # heads that are patched at once

  def __post_init__(self):
    limits.check(self)
    checks.within('top_k', self.top_k, 1, self.largest_k)


def study(
    key: jax.Array, run: sweeps.Run, find: Any, judge: Any, search: Search
) -> dict[str, jax.Array]:
  """Finds the circuit of a task on some prompts, and judges it on others.

  Args:
    key: of random circuits and of resampled prompts.
    run: see the module.
    find: prompts to find by, and to take heads' means over.
    judge: others, to judge by.
    search: thresholds and numbers.

  Returns:
    By name:

    - effects [3, L, H]: of heads on the receivers of each of `STAGES`.
    - circuits bool [K, L, H]: heads of the largest effects at any stage.
    - roles bool [K, 3 L, H]: at each stage, a head once for each.
    - kept, left []: shares of the logit difference with all heads outside of
      the circuit of `top_k` at their means, and with those inside.
    - random [N]: what random circuits keep, as large as that one.
    - stability []: mean overlap of circuits found on resampled prompts.
    - grid [L, T]: as of `residual_grid`.
    - accuracy []: of the network.

  Raises:
    ValueError: as of `patching.patch_stages` and `patching.faithfulness`.
  """
  shape = num_layers, _ = _shape(run, find)
  top_k = search.top_k
  stages = patching.patch_stages(
      run, find.tokens, find.corrupt, shape, task_circuits.difference,
      find.answers, top_k=top_k, batch_size=search.batch_size,
  )  # fmt: skip
  effects = [patching.head_effects(stage, shape) for stage in stages]
  roles = jnp.stack([
      jnp.stack([patching.top_heads(e, top_k=k) for e in effects])
      for k in range(1, search.largest_k + 1)
  ])  # fmt: skip
  circuits = jnp.any(roles, 1)
  own = circuits[top_k - 1]
  sets = random_sets(key, search.random_sets, shape, jnp.sum(own))
  # A circuit put out is the circuit of all other heads.
  alone = patching.faithfulness(
      run, judge.tokens, jnp.concatenate([jnp.stack([own, ~own]), sets]),
      task_circuits.difference, judge.answers, others=find.tokens,
      batch_size=search.batch_size,
  )  # fmt: skip
  score = lambda x, answers: task_circuits.scores(run(x, {}, ())[0], answers)
  return {
      'effects': jnp.stack(effects), 'circuits': circuits,
      'roles': roles.reshape(len(roles), -1, shape[1]),
      'kept': alone[0], 'left': alone[1], 'random': alone[2:],
      'stability': patching.bootstrap_stability(
          jax.random.fold_in(key, search.random_sets), stages, num_layers,
          top_k=top_k, resamples=search.resamples,
      ),
      'grid': residual_grid(run, find)[0],
      'accuracy': jax.vmap(score)(judge.tokens, judge.answers)[:, 0].mean(),
  }  # fmt: skip


def random_sets(
    key: jax.Array, count: int, shape: tuple[int, int], size: Any
) -> jax.Array:
  """Draws `count` sets of `size` of all heads, bool [count, L, H].

  Raises:
    ValueError: if a concrete size is not in [0, L H].
  """
  checks.within('size', size, 0, int(np.prod(shape)))
  draw = lambda i: jax.random.permutation(
      jax.random.fold_in(key, i), int(np.prod(shape))
  )
  order = jax.vmap(draw)(jnp.arange(count))
  return order.reshape(count, *shape) < size


def residual_grid(run: sweeps.Run, prompts: Any) -> tuple[jax.Array, jax.Array]:
  """Patches each clean residual into the twin's run.

  Returns:
    Shares [L, T] of the logit difference restored; clean differences [B].
  """
  num_layers, _ = _shape(run, prompts)
  length = prompts.tokens.shape[1]
  masks = patching.one_at_a_time((num_layers, length, 1), (0, 1))
  values, start, end = patching.activation_patch(
      run, prompts.tokens, prompts.corrupt, 'resid_pre', masks,
      task_circuits.difference, prompts.answers, batch_size=8,
  )  # fmt: skip
  shares = patching.normalized_effect(values, end, start)
  return shares.reshape(num_layers, length), start


def attend_wrong(
    run: sweeps.Run, prompts: Any, heads: Any
) -> tuple[jax.Array, jax.Array]:
  """Makes heads attend, at the last token, to wrong candidates alone.

  Args:
    run: see the module.
    prompts: with `wrong`.
    heads: bool [L, H].

  Returns:
    The mean logit difference [], and the share of right answers [].

  Raises:
    ValueError: if a prompt, where that can be seen, has no wrong candidate.
  """
  count = jnp.sum(jnp.asarray(prompts.wrong), -1)
  checks.within("a prompt's number of wrong candidates", count, 1, np.inf)

  def one(tokens, answers, wrong):
    edit = patching.override_pattern(heads, -1, wrong / jnp.sum(wrong))
    return task_circuits.scores(run(tokens, {'pattern': edit}, ())[0], answers)

  scores = jax.vmap(one)(prompts.tokens, prompts.answers, prompts.wrong)
  right, difference = jnp.mean(scores, 0)
  return difference, right


def suppressors(
    run: sweeps.Run, prompts: Any, top_k: int
) -> tuple[jax.Array, jax.Array]:
  """Returns the heads that take wrong candidates off where they attend to them.

  Args:
    run: see the module.
    prompts: of a task that the network can do, with `wrong`.
    top_k: how many, at most: those that do not gain are none.

  Returns:
    Heads bool [L, H]; by how much the mean logit difference gains where each
    attends to wrong candidates alone, [L, H].
  """
  shape = _shape(run, prompts)
  none = jnp.zeros((1, *shape), bool)
  each = jnp.asarray(patching.one_at_a_time(shape, (0, 1)))
  start, *_ = attend_wrong(run, prompts, none[0])
  gains = jax.lax.map(lambda h: attend_wrong(run, prompts, h)[0], each) - start
  gains = gains.reshape(shape)
  return patching.top_heads(jnp.maximum(gains, 0), top_k=top_k), gains


def repair(
    key: jax.Array, run: sweeps.Run, prompts: Any, heads: Any, count: int
) -> dict[str, jax.Array]:
  """Makes heads attend to wrong candidates in a task that goes wrong.

  Args:
    key: of the random sets.
    run: see the module.
    prompts: of that task, with `wrong`.
    heads: bool [L, H].
    count: N, random sets of as many heads.

  Returns:
    Shares of right answers: `before` [], `repaired` [], `random_sets` [N].
  """
  heads = jnp.asarray(heads)
  shape = heads.shape[0], heads.shape[1]
  random = random_sets(key, count, shape, jnp.sum(heads))
  sets = jnp.concatenate([jnp.stack([heads & False, heads]), random])
  right = jax.lax.map(lambda one: attend_wrong(run, prompts, one)[1], sets)
  return {'before': right[0], 'repaired': right[1], 'random_sets': right[2:]}


def look(
    run: sweeps.Run, prompts: Any, read: Callable[[jax.Array], jax.Array]
) -> dict[str, jax.Array]:
  """Puts heads out, patches residuals, and reads layers as if the last.

  Args:
    run: see the module.
    prompts: of one task.
    read: the last norm and the read-out, of [..., d].

  Returns:
    Logit differences: `difference` [B]; `ablated` [L, H], mean with a head at
    its mean over prompts and twins; `lens` [L], mean after each layer; and
    `grid` [L, T], as of `residual_grid`.
  """
  tokens, answers = prompts.tokens, prompts.answers
  num_layers, num_heads = _shape(run, prompts)
  masks = patching.one_at_a_time((num_layers, 1, num_heads, 1), (0, 2))
  ablated = patching.ablate(
      run, tokens, 'z', masks, task_circuits.difference, answers, kind='mean',
      others=jnp.concatenate([tokens, prompts.corrupt]), batch_size=8,
  )  # fmt: skip
  resid = jax.vmap(lambda t: run(t, {}, ('resid_post',))[1])(tokens)
  layers = attribution.logit_lens(resid['resid_post'][:, :, -1], read)
  pair = jnp.broadcast_to(answers[:, None], (*layers.shape[:2], 2))
  grid, difference = residual_grid(run, prompts)
  return {
      'difference': difference, 'grid': grid,
      'ablated': ablated.mean(-1).reshape(num_layers, num_heads),
      'lens': patching.logit_difference(layers, pair).mean(0),
  }  # fmt: skip


def _shape(run, prompts) -> tuple[int, int]:
  """Returns layers L and heads H."""
  z = jax.eval_shape(lambda x: run(x, {}, ('z',))[1], prompts.tokens[0])['z']
  return z.shape[0], z.shape[2]

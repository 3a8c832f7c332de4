"""What `launch.circuit_reuse` measures of one network.

Prompts have `tokens` and `corrupt` [B, T], `answers` [B, 2], `wrong` [B, T].
"""

from collections.abc import Callable
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import patching
from nmlib.networks import transformer
from nmlib.neurons import sites

STAGES = 'logits', 'queries', 'keys, values'  # receivers, stage by stage


def runner(params: transformer.Params, model: transformer.Config) -> Callable:
  """Returns `run` as of `patching`, whose logits are of the last token."""
  network = functools.partial(
      transformer.apply, params, config=model, positions=jnp.array([-1])
  )
  return sites.runner(network)


def metric(out: Any, answers: jax.Array) -> jax.Array:
  """Returns the logit difference [] of the last token."""
  return patching.logit_difference(out.logits[-1], answers)


def overridden(
    run: Callable, prompts: Any, heads: Any
) -> tuple[jax.Array, jax.Array]:
  """Makes heads [L, H] attend, at the last token, to wrong candidates alone.

  Returns:
    Logit differences [B], and whether the answer is the likeliest token.
  """

  def one(tokens, answers, wrong):
    edit = patching.override_pattern(heads, -1, wrong / jnp.sum(wrong))
    out, _ = run(tokens, {'pattern': edit}, ())
    return metric(out, answers), jnp.argmax(out.logits[-1]) == answers[0]

  return jax.vmap(one)(prompts.tokens, prompts.answers, prompts.wrong)


def random_heads(
    key: jax.Array, shape: tuple[int, int], size: Any
) -> jax.Array:
  """Draws so many of all heads, bool [L, H]."""
  return jax.random.permutation(key, np.prod(shape)).reshape(shape) < size


def grid(
    run: Callable, clean: jax.Array, corrupt: jax.Array, answers: jax.Array,
    layers: int,
) -> tuple[jax.Array, jax.Array]:  # fmt: skip
  """Patches each clean residual into the twin's run.

  Returns:
    Shares [L, T] of the logit difference restored; clean differences [B].
  """
  masks = patching.one_at_a_time((layers, clean.shape[1], 1), (0, 1))
  found = patching.activation_patch(
      run, clean, corrupt, 'resid_pre', masks, metric, answers, batch_size=8
  )
  values, start, end = found
  shares = patching.normalized_effect(values, end, start)
  return shares.reshape(layers, -1), start


def study(
    key: jax.Array, run: Callable, find: Any, judge: Any, config: Any
) -> dict[str, jax.Array]:
  """Returns effects, circuits and how they hold, of one task in one network.

  Args:
    key: of random circuits and of the bootstrap.
    run: of the network.
    find: prompts by which circuits are found, and over which means are taken.
    judge: prompts by which they are judged.
    config: of the launcher.
  """
  model = config.model
  shape = model.num_layers, model.num_heads
  options = {'batch_size': config.batch_size}
  stages = patching.patch_stages(
      run, find.tokens, find.corrupt, shape, metric, find.answers,
      top_k=config.top_k, **options,
  )  # fmt: skip
  of_stage = [patching.head_effects(stage, shape) for stage in stages]
  roles = jnp.stack([
      jnp.stack([patching.top_heads(e, top_k=k) for e in of_stage])
      for k in range(1, config.largest_k + 1)
  ])  # fmt: skip
  curve = jnp.any(roles, 1)
  size = jnp.sum(curve[config.top_k - 1])
  draw = lambda i: random_heads(jax.random.fold_in(key, i), shape, size)
  sets = jax.vmap(draw)(jnp.arange(config.random_sets))
  # A circuit put out is the circuit of all other heads.
  alone = patching.faithfulness(
      run, judge.tokens, jnp.concatenate([curve, ~curve, sets]), metric,
      judge.answers, others=find.tokens, **options,
  )  # fmt: skip
  kept, left, random = jnp.split(alone, (len(curve), 2 * len(curve)))
  return {
      'effects': jnp.stack(of_stage), 'circuits': curve, 'roles': roles,
      'kept': kept, 'left': left, 'random': random,
      'stability': patching.bootstrap_stability(
          jax.random.fold_in(key, config.random_sets), stages, shape[0],
          top_k=config.top_k, resamples=config.resamples,
      ),
      'tokens': find.tokens[0],
      'grid': grid(
          run, find.tokens, find.corrupt, find.answers, model.num_layers
      )[0],
  }  # fmt: skip

"""The experiment of `launch.circuit_reuse`."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.circuit_reuse import circuits
from launch.circuit_reuse import pretrained
from launch.circuit_reuse import report
from launch.circuit_reuse.config import Config
from nmlib import train
from nmlib.analysis import patching
from nmlib.data.tasks import circuit_tasks
from nmlib.networks import transformer

TASKS = circuit_tasks.TASKS


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, finds a circuit of each task, compares and repairs them."""
  if config.source != 'trained':
    return pretrained.experiment(config, run)
  start = train.fit(run, stage(config, 'lesson')).state.params
  first = train.fit(run, stage(config, 'first', start))
  then = train.fit(run, stage(config, 'then', first.state.params))
  measured = {}
  for name, measure, fitted in (
      ('circuits', functools.partial(study, config=config), then),
      ('repair', functools.partial(repair, config=config), first),
  ):
    every = jax.jit(jax.vmap(measure))
    compute = lambda every=every, fitted=fitted: every(
        jnp.arange(config.num_seeds), fitted.state.params
    )
    measured |= run.result(name, compute)
  return report.make(config, measured)


def stage(
    config: Config, part: str = 'then', start: transformer.Params | None = None
) -> train.Stage:
  """Returns a part of the training: 'lesson', 'first' or 'then'."""
  lesson, model = part == 'lesson', config.model
  shares = config.first_shares if part == 'first' else config.shares
  if lesson:
    shares, model = (0, 1, 0), dataclasses.replace(model, num_layers=1)
  loops = dict(lesson=config.lesson, first=config.first, then=config.then)
  loop, rate = loops[part], config.learning_rate
  if part == 'then':
    rate = optax.schedules.cosine_decay_schedule(rate, loop.num_steps, 0.03)
  optimizer = optax.chain(
      optax.clip_by_global_norm(1.0), optax.adamw(rate, b2=0.98)
  )

  def loss(params, example, unused_key):
    if lesson:
      layer = jax.tree.map(lambda leaf: leaf[:1], params.layers)
      params = params._replace(layers=layer)
    tokens, targets, weights = example
    nats = transformer.loss(params, tokens, targets, model, weights=weights)
    return nats, {}

  def evaluate(state, prompts):
    if lesson:
      return {}
    right = lambda p: jnp.mean(_right(state.params, p, config))
    return dict(zip(TASKS, jax.lax.map(right, prompts), strict=True))

  draw = functools.partial(
      _example, shares=shares, lesson=lesson, config=config
  )
  return train.Stage(
      name=part, loop=loop, loss=loss, optimizer=optimizer,
      init=lambda key, *begun: begun[0] if begun else transformer.init(
          key, config.model
      ),
      starts=start, data=train.fresh(draw, loop.batch_size),
      evaluate=evaluate, eval_data=prompts_of(jax.random.key(1), config),
      seeds=tuple(range(config.num_seeds)),
      items_per_row=circuit_tasks.LENGTH, item='token',
  )  # fmt: skip


def _example(key, shares, lesson, config):
  """Draws tokens, targets and weights [T] of a prompt of one of the tasks.

  Coloured objects count a tenth for the colour that each object follows, too:
  it is all of the lesson.
  """
  chosen, *keys = jax.random.split(key, 1 + len(TASKS))
  task = jax.random.choice(chosen, len(TASKS), p=jnp.array(shares))
  drawn = [
      d(k, config.tasks) for d, k in zip(TASKS.values(), keys, strict=True)
  ]
  prompt = jax.tree.map(lambda *rows: jnp.stack(rows)[task], *drawn)
  places = np.arange(circuit_tasks.LENGTH)
  last, labels = places == places[-1], np.isin(places, (2, 4, 6))
  targets = jnp.where(last, prompt.answers[0], jnp.roll(prompt.tokens, 1))
  weights = jnp.where(last, 0.0 if lesson else 1.0, labels * 0.1 * (task == 1))
  return prompt.tokens, targets, weights


def prompts_of(key: jax.Array, config: Config) -> circuit_tasks.Prompt:
  """Draws prompts of every task, [3, num_prompts, ...] each."""
  found = []
  for i, draw in enumerate(TASKS.values()):
    keys = jax.random.split(jax.random.fold_in(key, i), config.num_prompts)
    found.append(jax.vmap(lambda key, d=draw: d(key, config.tasks))(keys))
  return jax.tree.map(lambda *rows: jnp.stack(rows), *found)


def _right(params, prompts, config) -> jax.Array:
  """Returns whether each answer is the likeliest token, bool [B]."""
  run = circuits.runner(params, config.model)
  out = jax.vmap(lambda tokens: run(tokens, {}, ())[0])(prompts.tokens)
  return jnp.argmax(out.logits[:, -1], -1) == prompts.answers[:, 0]


def study(
    seed: jax.Array, params: transformer.Params, config: Config
) -> dict[str, jax.Array]:
  """Returns what is found of each task [3, ...] in one network.

  Circuits are found on some prompts and judged on others, with means over the
  former.
  """
  key = jax.random.fold_in(jax.random.key(2), seed)
  run = circuits.runner(params, config.model)
  find, judge = (prompts_of(jax.random.fold_in(key, i), config) for i in (0, 1))

  def one(inputs):
    task, find, judge = inputs
    own = jax.random.fold_in(key, 2 + task)
    found = circuits.study(own, run, find, judge, config)
    return found | {'accuracy': jnp.mean(_right(params, judge, config))}

  return jax.lax.map(one, (jnp.arange(len(TASKS)), find, judge))


def repair(
    seed: jax.Array, params: transformer.Params, config: Config
) -> dict[str, jax.Array]:
  """Makes heads that suppress names do so to colours, in one network.

  A head suppresses if the right name gains on the wrong one where the head
  attends to the wrong one alone. Coloured objects have no part in the choice.
  """
  key = jax.random.fold_in(jax.random.key(3), seed)
  run = circuits.runner(params, config.model)
  every = prompts_of(key, config)
  names, colours = (jax.tree.map(lambda a, i=i: a[i], every) for i in (0, 1))
  shape = config.model.num_layers, config.model.num_heads
  size = config.repair_heads
  change = lambda heads: jnp.mean(circuits.overridden(run, names, heads)[0])
  right = lambda heads: jnp.mean(circuits.overridden(run, colours, heads)[1])
  none = jnp.zeros(shape, bool)
  each = patching.one_at_a_time(shape, (0, 1))
  gains = jax.lax.map(change, jnp.asarray(each)) - change(none)
  gains = gains.reshape(shape)
  heads = patching.top_heads(jnp.maximum(gains, 0), top_k=size)
  draw = lambda i: circuits.random_heads(
      jax.random.fold_in(key, 9 + i), shape, size
  )
  sets = jax.vmap(draw)(jnp.arange(config.random_sets))
  return {
      'gains': gains, 'heads': heads, 'before': right(none),
      'repaired': right(heads), 'random_sets': jax.lax.map(right, sets),
  }  # fmt: skip

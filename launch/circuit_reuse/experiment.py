"""The experiment of `launch.circuit_reuse`."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.circuit_reuse import report
from launch.circuit_reuse.config import Config
from nmlib import train
from nmlib.analysis.interpretability import head_circuits
from nmlib.data import language_models
from nmlib.data.tasks import circuit_tasks
from nmlib.data.text import circuit_prompts
from nmlib.networks import transformer


def experiment(config: Config, run: train.Run) -> train.Report:
  """Finds a circuit of each task, compares them, and repairs one task."""
  if config.source != 'trained':
    train.require(config, 'path')
  if config.source == 'stories':
    return on_stories(config, run)
  look = trained if config.source == 'trained' else given
  model, whole, begun, prompts, word = look(config, run)
  find = jax.jit(jax.vmap(lambda key, params, one, two: head_circuits.study(
      key, transformer.answering(params, model), one, two, config.search
  )))  # fmt: skip
  mend = jax.jit(jax.vmap(functools.partial(_mend, model, config)))
  tasks = [task for task in circuit_tasks.TASKS if task in prompts]
  found, asked = {}, {}
  for i, task in enumerate(tasks):
    arguments = _keys(config, 2, 2 + i), whole, *prompts[task][:2]
    compute = functools.partial(find, *arguments)
    found[task] = run.result(task.replace(' ', '_'), compute)
    asked[task] = list(map(word, prompts[task][0].tokens[0, 0]))
  arguments = _keys(config, 3, 9), begun, *(prompts[t][2] for t in tasks[:2])
  repaired = run.result('repair', functools.partial(mend, *arguments))
  return report.make(config, found, repaired, asked)


def on_stories(config: Config, run: train.Run) -> train.Report:
  """Looks into a model of TinyStories where it copies a child's name."""
  params, model, tokenizer = language_models.load(config.path)
  pairs, begin = circuit_prompts.children(), 1  # the token that starts a story
  prompts = circuit_prompts.of_one_length(pairs, tokenizer, begin)
  look = lambda params, prompts: head_circuits.look(
      transformer.answering(params, model), prompts,
      lambda rows: transformer.read_out(params, rows, model),
  )  # fmt: skip
  found = run.result('looked', lambda: jax.jit(look)(params, prompts))
  words = [tokenizer.decode([begin, begin, t]) for t in prompts.tokens[0]]
  return report.of_stories(found, words)


def given(config: Config, unused_run: train.Run):
  """Reads a model, makes its weights simpler, and asks it in text.

  Returns:
    Its config; parameters [S, ...] to find circuits in, and to repair; of each
    task prompts [S, B, ...] to find by, to judge by, to repair; a token's word.
  """
  official, model, tokenizer = language_models.load(config.path)
  params, model = transformer.simplified(official, model)
  prompts = circuit_prompts.splits(42, tokenizer, config.num_prompts)
  one = lambda tree: jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], tree)
  params, word = one(params), lambda token: tokenizer.decode([int(token)])
  return model, params, params, one(prompts), word


def trained(config: Config, run: train.Run):
  """Trains networks in three parts; returns what `given` does."""
  start = train.fit(run, stage(config, 'lesson')).state.params
  begun = train.fit(run, stage(config, 'first', start)).state.params
  whole = train.fit(run, stage(config, 'then', begun)).state.params
  draw = lambda k: circuit_tasks.prompts(k, config.num_prompts, config.tasks)
  of_seeds = _keys(config, 2, 0), _keys(config, 2, 1), _keys(config, 3)
  splits = list(map(jax.vmap(draw), of_seeds))
  prompts = {task: [one[task] for one in splits] for task in splits[0]}
  word = lambda token: config.tasks.names()[int(token)]
  return config.model, whole, begun, prompts, word


def _keys(config, first, *more):
  key, fold = jax.random.key(first), jax.random.fold_in
  of_seed = lambda seed: functools.reduce(fold, (seed, *more), key)
  return jax.vmap(of_seed)(jnp.arange(config.num_seeds))


def _mend(model, config, key, params, names, colours):
  run, count = transformer.answering(params, model), config.search.random_sets
  heads, _ = head_circuits.suppressors(run, names, config.repair_heads)
  if config.heads:
    places = tuple(np.transpose(config.heads))
    heads = jnp.zeros_like(heads).at[places].set(True)
  return head_circuits.repair(key, run, colours, heads, count)


def stage(
    config: Config, part: str = 'then', start: transformer.Params | None = None
) -> train.Stage:
  """Returns a part of the training: 'lesson', 'first' or 'then'."""
  lesson, model = part == 'lesson', config.model
  shares = config.first_shares if part == 'first' else config.shares
  if lesson:
    shares, model = (0, 1, 0), dataclasses.replace(model, num_layers=1)
  loops = {'lesson': config.lesson, 'first': config.first, 'then': config.then}
  loop, rate = loops[part], config.learning_rate
  if part == 'then':
    rate = optax.schedules.cosine_decay_schedule(rate, loop.num_steps, 0.03)

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
    run = transformer.answering(state.params, model)
    say = lambda tokens: jnp.argmax(run(tokens, {}, ())[0].logits[-1])
    right = lambda p: jnp.mean(jax.vmap(say)(p.tokens) == p.answers[:, 0])
    return {task: right(asked) for task, asked in prompts.items()}

  draw = lambda k: circuit_tasks.lesson(k, shares, config.tasks, not lesson)
  return train.Stage(
      name=part, loop=loop, loss=loss, data=train.fresh(draw, loop.batch_size),
      optimizer=train.clipped(optax.adamw(rate, b2=0.98), 1.0),
      init=lambda key, *begun: begun[0] if begun else transformer.init(
          key, config.model
      ),
      starts=start, evaluate=evaluate, eval_data=circuit_tasks.prompts(
          jax.random.key(1), config.num_prompts, config.tasks
      ),
      seeds=tuple(range(config.num_seeds)),
      items_per_row=circuit_tasks.LENGTH, item='token',
  )  # fmt: skip

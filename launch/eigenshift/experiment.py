"""The experiment of `launch.eigenshift`: train or read, damp, judge."""

import functools

import jax
import jax.numpy as jnp
import optax

from launch.eigenshift import measure
from launch.eigenshift import methods
from launch.eigenshift import report
from launch.eigenshift import stories
from launch.eigenshift.config import Config
from nmlib import train
from nmlib.data.text import registers
from nmlib.networks import transformer


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains or reads a model, and tries every method on it."""
  if config.path:
    model, params, told = stories.load(config, run)
  else:
    fitted = train.fit(run, stage(config))
    model, params, told = config.model, fitted.state.params, generated(config)
  # What is said is changed, what is read is not.
  untied = jax.vmap(lambda p: transformer.untie(p, model)[0])(params)
  if model.output == 'tied':
    model = transformer.untie(jax.tree.map(lambda x: x[0], params), model)[1]
  found = run.result('found', lambda: _found(config, model, untied, told))
  return report.make(config, found)


def stage(config: Config) -> train.Stage:
  """Returns the training of every seed."""
  model = config.model

  def init(key):
    params = transformer.init(key, model)
    # Drawn for GPT-2's width: kernels four times as large suit a narrow one.
    larger = lambda leaf: 4 * leaf if leaf.ndim > 2 else leaf
    return params._replace(layers=jax.tree.map(larger, params.layers))

  def loss(params, tokens, key):
    del key
    return transformer.loss(params, tokens[:-1], tokens[1:], model), {}

  steps, rate = config.loop.num_steps, config.learning_rate
  schedule = optax.schedules.warmup_cosine_decay_schedule(
      0, rate, min(50, steps - 1), steps, rate / 20
  )
  return train.Stage(
      name='train', loop=config.loop, init=init, loss=loss,
      optimizer=optax.adamw(schedule, weight_decay=0.01),
      data=train.fresh(
          lambda key: registers.sentence(key, config.chances).tokens,
          config.loop.batch_size,
      ),
      example=jax.ShapeDtypeStruct((registers.LENGTH,), jnp.int32),
      seeds=tuple(range(config.num_seeds)), items_per_row=registers.LENGTH,
      item='token',
  )  # fmt: skip


def generated(config: Config) -> measure.Text:
  """Returns prompts that elicit marked words, and texts to judge by."""

  def draw(seed, count, **options):
    one = lambda key: registers.sentence(key, config.chances, **options)
    return jax.jit(jax.vmap(one))(
        jax.random.split(jax.random.key(1000 + seed), count)
    )

  corpora = [draw(i, config.corpus_size, topic=i) for i in range(2)]
  count = config.num_tried + config.num_judged
  names = registers.words()
  return measure.Text(
      mixed=draw(5, config.num_prompts).tokens[:, : config.prompt_length],
      prompts=draw(2, count, heat=2).tokens[:, : config.prompt_length],
      neutral=draw(3, count, heat=0, marked=False).tokens,
      general=draw(4, count).tokens,
      corpora=jnp.stack([made.tokens for made in corpora]),
      labels=jnp.stack([made.marked for made in corpora]),
      patterns=jnp.array([[names.index(word)] for word in config.words]),
  )


def _found(config, model, params, text: measure.Text):
  """Returns what `report.make` reads, arrays [S, ...]."""
  tried = config.num_tried
  collect = functools.partial(
      measure.collect, text=text, model=model, config=config
  )
  keys = jax.vmap(jax.random.key)(jnp.arange(config.num_seeds))
  seen = jax.jit(jax.vmap(collect))(params, keys)
  stability = functools.partial(measure.stability, config=config, text=text)
  found = jax.jit(jax.vmap(stability))(seen, keys)
  changes, parts, scores = methods.every(config, params, seen, text, keys)
  judge = functools.partial(measure.judge, model=model, config=config)
  judge = jax.jit(jax.vmap(judge, (0, 0, 0, 0, None)))
  part = lambda rows: text._replace(
      prompts=text.prompts[rows], neutral=text.neutral[rows],
      general=text.general[rows],
  )  # fmt: skip
  first = judge(params, parts, changes, keys, part(slice(tried)))
  index = methods.choose(first['sentences'], first['rate'], config)
  chosen = jax.vmap(lambda tree, i: jax.tree.map(lambda x: x[i], tree))(
      changes, index
  )
  # Other prompts, and texts, than those that it was chosen by.
  last = judge(params, parts, chosen, keys, part(slice(tried, None)))
  states = seen.marked.sum(1), (~seen.marked).sum(1)
  return (
      found | scores | {f'tried {k}': v for k, v in first.items()}
      | {f'judged {k}': v for k, v in last.items()}
      | {'spectrum': parts.scales, 'chosen': index,
         'states': jnp.stack(states, 1)}
  )  # fmt: skip

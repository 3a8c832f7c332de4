"""The experiment of `launch.recall_reasoning`: train or read, then lesion."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.recall_reasoning import report
from launch.recall_reasoning.config import TASKS
from launch.recall_reasoning.config import Config
from nmlib import train
from nmlib.analysis.interpretability import task_circuits
from nmlib.analysis.interpretability import task_dissociation as study
from nmlib.data import language_models
from nmlib.data.tasks import recall_lessons as lessons
from nmlib.data.tasks import recall_reasoning as tasks
from nmlib.data.text import recall_prompts
from nmlib.networks import transformer


def experiment(config: Config, run: train.Run) -> train.Report:
  """Studies every seed, and sets what its circuits do beside chance."""
  model = config.model
  if config.source == 'generated':
    fitted = train.fit(run, stage(config))
    trained = train.to_host(fitted.state.params)
    read = lambda seed: (
        jax.tree.map(lambda leaf: leaf[seed], trained),
        drawn(fitted.state.key[seed], config),
    )
  else:
    params, model, draw = given(config)
    read = lambda seed: (params, draw(seed))
  network = lambda params, tokens, positions, site: transformer.apply(
      params, tokens, model, positions=positions, site=site
  )

  def studied(seed):
    params, (discovery, test, text) = read(seed)
    found = study.study(
        network, params, jax.random.key(seed), study.Prompts(*discovery),
        study.Prompts(*test), text,
        task_circuits.Counts(config.num_heads_out, config.num_neurons_out),
        num_random=config.num_random, permutations=config.permutations,
    )  # fmt: skip
    return found | study.summarize(found, config.threshold)

  found = [
      run.result(f'seed_{seed}', functools.partial(studied, seed))
      for seed in range(config.num_seeds)
  ]
  whole = {name: np.stack([one[name] for one in found]) for name in found[0]}
  return report.make(config, whole)


def given(config: Config):
  """Returns parameters and config of a model from files, splits by seed.

  Raises:
    ValueError: if there is no path.
  """
  if not config.path:
    raise ValueError(
        'config.path must be the folder of a model for config.source='
        f'{config.source!r}; give it by --path.'
    )
  params, model, tokenizer = language_models.load(config.path)
  count = config.num_prompts
  if config.source == 'facts':
    splits = recall_prompts.fact_splits
    return params, model, lambda seed: splits(seed, tokenizer.encode, count)
  tell = lambda key: transformer.generate(
      params, jnp.array([1]), 120, model, temperature=1.0, key=key
  )
  told = jax.lax.map(tell, jax.random.split(jax.random.key(0), 48))
  stories = np.asarray(told)[:, 1:]  # without the token that starts them
  splits = recall_prompts.story_splits
  return params, model, lambda seed: splits(seed, stories, count)


def stage(config: Config) -> train.Stage:
  """Returns the training of a network a seed, each in a world of its own."""
  model = config.model

  def init(key):
    # GPT-2's deviation of 0.02 is for widths of 768 and more.
    grown = lambda leaf: leaf * config.initial_scale if leaf.ndim > 2 else leaf
    params = transformer.init(key, model)
    return params._replace(
        embed=jnp.asarray(params.embed) * config.initial_scale,
        layers=jax.tree.map(grown, params.layers),
    )

  def loss(params, row, key):
    del key
    late, early = transformer.late_and_early_losses(
        params, row.tokens[:-1], row.tokens[1:], row.halfway[1:], model,
        (model.num_layers - 1) // 2,
    )  # fmt: skip
    nats = late * row.asked[1:] + early * row.halfway_asked[1:]
    return jnp.sum(nats) / config.questions, {}

  def evaluate(state, _):
    _, test, _ = drawn(state.key, config)
    read: Any = functools.partial(transformer.apply, config=model)
    say = lambda x: jnp.argmax(read(state.params, x).logits[-1])
    right = jax.vmap(jax.vmap(say))(test.clean) == test.answers[..., 0]
    return dict(zip(TASKS, jnp.mean(right, 1), strict=True))

  steps = config.loop.num_steps
  linear, peak = optax.schedules.linear_schedule, config.learning_rate
  rate = optax.schedules.join_schedules(
      [linear(0.0, peak, config.warmup), linear(peak, peak / 30, steps // 3)],
      [steps - steps // 3],
  )
  optimizer: Any = optax.chain(
      optax.clip_by_global_norm(1.0), optax.adamw(rate, weight_decay=0.01)
  )
  return train.Stage(
      name='train', loop=config.loop, init=init, loss=loss,
      optimizer=optimizer, data=functools.partial(_batch, config=config),
      evaluate=evaluate, eval_data=jnp.zeros(1),
      seeds=tuple(range(config.num_seeds)), item='token',
      items_per_row=config.lesson_length,
  )  # fmt: skip


def drawn(key: jax.Array, config: Config):
  """Returns prompts [2, B, ...] for discovery and test, and texts [B, n]."""
  known, key = _world(key, config), jax.random.fold_in(key, 2**30 + 1)
  return lessons.splits(key, known, config.task, config.num_prompts)


def _world(key, config) -> tasks.World:
  """Returns what a network of this key learns by heart."""
  return tasks.world(jax.random.fold_in(key, 2**30), config.task)


def _batch(key, step, config) -> lessons.Lesson:
  """Draws rows as the curriculum goes."""
  known = _world(key, config)
  mixture = lessons.curriculum(
      step, config.curriculum, config.rehearsal, config.of_text,
      config.of_chains,
  )  # fmt: skip
  asked = config.task, config.questions, mixture
  draw = lambda key: lessons.row(key, known, *asked)
  return train.fresh(draw, config.loop.batch_size)(key, step)

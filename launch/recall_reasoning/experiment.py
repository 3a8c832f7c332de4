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
from nmlib.data.text import recall_prompts
from nmlib.networks import marked_texts
from nmlib.networks import transformer


def experiment(config: Config, run: train.Run) -> train.Report:
  """Studies every seed, and sets what its circuits do beside chance."""
  model = config.model
  if config.source == 'generated':
    fitted = train.fit(run, stage(config)).state
    draw = lambda key: lessons.splits(key, config.task, config.num_prompts)
    every = train.to_host(fitted.params), jax.vmap(draw)(fitted.key)
    read = lambda seed: jax.tree.map(lambda leaf: leaf[seed], every)
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
  return report.make(config, jax.tree.map(lambda *of: np.stack(of), *found))


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
  told = marked_texts.told(params, model, 1, 48, 121, jax.random.key(0))
  stories = np.asarray(told)[:, 1:]  # without the token that starts them
  splits = recall_prompts.story_splits
  return params, model, lambda seed: splits(seed, stories, count)


def stage(config: Config) -> train.Stage:
  """Returns the training of a network a seed, each in a world of its own."""
  model, steps = config.model, config.loop.num_steps

  def loss(params, row, key):
    del key
    late, early = transformer.late_and_early_losses(
        params, row.tokens[:-1], row.tokens[1:], row.halfway[1:], model,
        (model.num_layers - 1) // 2,
    )  # fmt: skip
    nats = late * row.asked[1:] + early * row.halfway_asked[1:]
    return jnp.sum(nats) / config.questions, {}

  def evaluate(state, _):
    _, test, _ = lessons.splits(state.key, config.task, config.num_prompts)
    read: Any = functools.partial(transformer.apply, config=model)
    say = lambda x: jnp.argmax(read(state.params, x).logits[-1])
    right = jax.vmap(jax.vmap(say))(test.clean) == test.answers[..., 0]
    return dict(zip(TASKS, jnp.mean(right, 1), strict=True))

  def draw(key, step):
    world = lessons.known(key, config.task)
    mixture = lessons.curriculum(
        step, config.curriculum, config.rehearsal, config.of_text,
        config.of_chains,
    )  # fmt: skip
    asked = config.task, config.questions, mixture
    row = lambda key: lessons.row(key, world, *asked)
    return train.fresh(row, config.loop.batch_size)(key, step)

  linear, peak = optax.schedules.linear_schedule, config.learning_rate
  rate = optax.schedules.join_schedules(
      [linear(0.0, peak, config.warmup), linear(peak, peak / 30, steps // 3)],
      [steps - steps // 3],
  )
  return train.Stage(
      name='train', loop=config.loop, loss=loss,
      init=lambda key: transformer.scaled(
          transformer.init(key, model), config.initial_scale, kept=['norm']
      ),
      optimizer=train.clipped(optax.adamw(rate, weight_decay=0.01), 1.0),
      data=draw, evaluate=evaluate, eval_data=jnp.zeros(1),
      seeds=tuple(range(config.num_seeds)), item='token',
      items_per_row=model.max_length,
  )  # fmt: skip

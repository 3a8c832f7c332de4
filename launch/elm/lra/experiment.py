"""The experiment of `launch.elm.lra`: every model learns every task."""

import functools

import jax
import jax.numpy as jnp
import optax

from launch.elm.lra import report
from launch.elm.lra.config import Config
from nmlib import train
from nmlib.data.tasks import long_range
from nmlib.networks import sequence_classifier
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every model on every task."""
  accuracy, majority, sizes = {}, {}, {}
  for name in config.tasks:
    task = read(config, run, name)
    majority[name] = task.majority
    for model in config.models:
      run.say(f'task {name}, model {model}')
      made, title = network(model, task, config), f'{name}, {model}'
      fitted = train.fit(run, stage(config, task, title, made))
      accuracy[title] = fitted.history['test/accuracy'][1][-1]
      sizes[title] = sequence_classifier.num_params(made)
  return report.make(config, accuracy, majority, sizes)


def read(config: Config, run: train.Run, name: str) -> long_range.Task:
  """Generates or reads a task, once."""
  load = functools.partial(
      long_range.load, name, config.path,
      rows={'train': config.train_rows, 'test': config.test_rows},
      pixels_a_step=config.pixels_a_step, text_length=config.text_length,
      expressions=config.expressions, scenes=config.scenes,
  )  # fmt: skip
  stored = run.result(f'data_{name}', lambda: long_range.to_arrays(load()))
  return long_range.from_arrays(stored)


def network(
    model: str, task: long_range.Task, config: Config
) -> sequence_classifier.Config:
  """Returns the classifier of a model's name."""
  width, steps = config.width, float(task.num_steps)
  if model.startswith('elm'):
    layer = elm, elm.version(
        2, num_inputs=width, num_outputs=width, num_memory=config.num_memory,
        tau_max=config.short_tau if 'short' in model else max(steps, 10.0),
    )  # fmt: skip
  else:
    span = max(steps, 3.0) if 'chrono' in model else 0.0
    layer = lstm, lstm.Config(width, config.num_units, width, chrono=span)
  return sequence_classifier.Config(
      task.num_classes, (layer,) * config.num_layers,
      num_tokens=task.num_tokens, num_features=task.num_features, width=width,
      pool='last' if task.num_tokens else 'mean', pair=task.pair,
  )  # fmt: skip


def stage(
    config: Config, task: long_range.Task, title: str,
    made: sequence_classifier.Config,
) -> train.Stage:  # fmt: skip
  """Returns the training of a model on a task; it evaluates on the test set."""
  loop, chunk_size = config.loop, config.chunk_size or None

  def logits(params, sequence):
    inputs, length = sequence
    return sequence_classifier.apply(
        params, inputs, made, length=length, chunk_size=chunk_size
    )

  def loss(params, row, unused_key):
    found = logits(params, row.inputs)
    right = jnp.argmax(found) == row.labels
    value = train.cross_entropy(found, row.labels)
    return value, {'accuracy': right.astype(float)}

  def evaluate(state, test):
    apply = functools.partial(logits, state.params)
    size = min(64, len(task.test.labels))
    return {'test/accuracy': train.accuracy(apply, test, batch_size=size)}

  rows, test = (
      train.Examples((part.inputs, part.lengths), part.labels)
      for part in (task.train, task.test)
  )
  rows = jax.tree.map(jnp.asarray, rows)
  decay = optax.cosine_decay_schedule(config.learning_rate, loop.num_steps)
  return train.Stage(
      name=title.replace(', ', '_').replace(' ', '_'), loop=loop, loss=loss,
      init=functools.partial(sequence_classifier.init, config=made),
      optimizer=train.clipped(optax.adam(decay), config.clip),
      data=lambda key, step: train.examples.sample(
          train.step_key(key, step), rows, loop.batch_size
      ),
      evaluate=evaluate, eval_data=test, seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip

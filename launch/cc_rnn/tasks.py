"""What every task shares, and those beside the lines: rows, captions."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from launch.cc_rnn.config import Config
from nmlib import train
from nmlib.analysis import movement_errors
from nmlib.data.images import digits
from nmlib.data.tasks import drawing
from nmlib.data.text import captions as captions_lib
from nmlib.networks import cortico_cerebellar as ccnn
from nmlib.train import examples

KINDS = {'cRNN': 'none', 'ccRNN': 'learning'}


def learner(
    name: str,
    model: ccnn.Config,
    loop: train.Loop,
    num_seeds: int,
    *,
    data: Any,
    evaluate: Any,
    start: train.TrainState | None = None,
    zero_last: bool = True,
) -> train.Stage:
  """Returns the training of a network by its own rule.

  Args:
    name: of the stage.
    model: of the network.
    loop: numbers of steps.
    num_seeds: they train together.
    data: `(key, step) -> (inputs, targets)` of a batch.
    evaluate: `(state, None) -> metrics`.
    start: states [S] to go on from, on the data that follow; None: new ones.
    zero_last: as of `ccnn.init`.
  """

  def init(key, began=None):
    init_key, step_key = jax.random.split(key)
    if began is None:
      params = ccnn.init(init_key, model, zero_last=zero_last)
      begin: Any = ccnn.optimizer(model).init
      began = jnp.int32(0), params, begin(params)
    steps, params, opt_state = began
    return train.TrainState(steps, params, opt_state, step_key)

  def step(state, batch):
    xs, ys = batch
    params, opt_state, learnt = ccnn.train_step(
        state.params, state.opt_state, xs, ys, model
    )
    state = state._replace(
        step=state.step + 1, params=params, opt_state=opt_state
    )
    return state, {'loss': jnp.mean(learnt.loss)}

  return train.Stage(
      name=name,
      loop=loop,
      init=init,
      step=step,
      data=data,
      evaluate=evaluate,
      starts=start and (start.step, start.params, start.opt_state),
      seeds=tuple(range(num_seeds)),
  )


def ataxia(paths: jax.Array, targets: jax.Array) -> dict[str, jax.Array]:
  """Returns three measures of paths [N, L, 2], means over N; ours."""
  return {
      'endpoint error': jnp.mean(
          movement_errors.endpoint_error(paths, targets)
      ),
      'path error': jnp.mean(movement_errors.path_error(paths, targets)),
      'jerkiness': jnp.mean(movement_errors.jerkiness(paths)),
  }


def rows(run: train.Run, config: Config) -> dict[str, dict[str, Any]]:
  """Returns the last metrics on digits read row by row, by task and network."""
  if not config.rows:
    return {}
  split = digits.load(config.source, config.path)
  found: dict[str, dict[str, Any]] = {}
  for task in config.rows:
    for name, kind in KINDS.items():
      history = train.fit(run, row_stage(config, split, task, kind)).history
      last = {k: v[-1] for k, (_, v) in history.items() if k != 'loss'}
      found.setdefault(task, {})[name] = last
  return found


def row_stage(
    config: Config, split: digits.Split, task: str, kind: Any
) -> train.Stage:
  """Returns the training on rows of digits: a task of `Config.rows`."""
  height, width = split.train.images.shape[1:]
  model = dataclasses.replace(
      config.row_model, num_inputs=width, cerebellum=kind
  )
  if task == 'labels':
    model = dataclasses.replace(
        model, num_outputs=10, loss='cross_entropy', last_output_only=True
    )
    target_of = lambda labels: labels
  else:
    paths = drawing.figures(task, height)
    target_of = lambda labels: paths[labels]
  shown, held_out = (
      (jnp.asarray(part.images), target_of(jnp.asarray(part.labels)))
      for part in (split.train, split.validation)
  )

  def evaluate(state, _):
    inputs, targets = held_out
    run = lambda x: ccnn.outputs(state.params, x, model)
    outs = jax.vmap(run)(inputs)
    if task == 'labels':
      last = outs[:, -1]
      return {
          'accuracy': jnp.mean(jnp.argmax(last, -1) == targets),
          'nats': train.cross_entropy(last, targets),
      }
    error = jnp.mean(jnp.sum((outs - targets) ** 2, -1))
    return {'error': error, **ataxia(outs, targets)}

  size = config.row_loop.batch_size
  return learner(
      f'rows_{task}_{kind}',
      model,
      config.row_loop,
      config.num_seeds,
      data=lambda key, step: examples.shuffled(key, step, shown, size),
      evaluate=evaluate,
  )


def captions(run: train.Run, config: Config) -> dict[str, Any]:
  """Returns the perplexity of the user's captions, by network."""
  read = captions_lib.load(config.captions)
  return {
      name: train.fit(run, caption_stage(config, read, kind)).history[
          'perplexity'
      ][1][-1]
      for name, kind in KINDS.items()
  }


def caption_stage(
    config: Config, read: captions_lib.Captions, kind: Any
) -> train.Stage:
  """Returns the training on captions, of which a tenth is held out."""
  model = dataclasses.replace(
      config.caption_model,
      num_inputs=read.features.shape[1] + read.num_words,
      num_outputs=read.num_words,
      cerebellum=kind,
  )
  cut = len(read.words) - max(1, len(read.words) // 10)
  part = lambda rows: (read.features[rows], read.words[rows])
  shown = jax.tree.map(jnp.asarray, part(slice(cut)))
  held_out = jax.tree.map(jnp.asarray, part(slice(cut, None)))
  spelled = jax.vmap(lambda f, w: captions_lib.sequence(f, w, read.num_words))

  def evaluate(state, _):
    def nats(row):
      features, words = row
      inputs, words = captions_lib.sequence(features, words, read.num_words)
      outs = ccnn.outputs(state.params, inputs, model)
      return train.cross_entropy(outs, words)

    mean = jnp.mean(jax.lax.map(nats, held_out, batch_size=16))
    return {'perplexity': jnp.exp(mean)}

  size = config.caption_loop.batch_size
  return learner(
      f'captions_{kind}',
      model,
      config.caption_loop,
      config.num_seeds,
      data=lambda key, step: spelled(
          *examples.sample(train.step_key(key, step), shown, size)
      ),
      evaluate=evaluate,
  )

"""The experiment of `launch.cc_rnn`: lines, ablations, digits, captions."""

import dataclasses
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.cc_rnn import report
from launch.cc_rnn.config import Config
from nmlib import train
from nmlib.analysis import movement_errors
from nmlib.data.images import digits
from nmlib.data.tasks import drawing
from nmlib.data.text import captions as captions_lib
from nmlib.networks import cortico_cerebellar as ccnn

KINDS = {'cRNN': 'none', 'ccRNN': 'learning'}
# What happens to the cerebellum after half of the steps.
ABLATIONS = {'intact': 'learning', 'ablated': 'none', 'olive ablated': 'frozen'}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every network, and sets what it can do beside the claims."""
  first, *others = config.windows
  pairs = [(kind, steps) for steps in others for kind in KINDS.values()]
  lines = {
      pair: train.fit(run, stage(config, *pair))
      for pair in (*pairs, ('none', first), ('frozen', first))
  }
  half = train.fit(run, stage(config, half='first half'))
  ablations = {}
  for name, kind in ABLATIONS.items():
    later = stage(config, kind, half=name, start=half.state)
    ablations[name] = train.joined(half, train.fit(run, later))
  lines['learning', first] = ablations['intact']
  inputs, _ = drawing.all_lines(config.length)
  draw = jax.jit(jax.vmap(lambda p: _outputs(p, inputs, config.model)))
  drawn = {
      name: np.asarray(draw(lines[kind, first].state.params))
      for name, kind in KINDS.items()
  }
  digit_rows = rows(run, config)
  words = captions(run, config) if config.captions else {}
  return report.make(config, lines, ablations, drawn, digit_rows, words)


def stage(
    config: Config, kind: Any = 'learning', steps: int | None = None,
    half: str = '', start: train.TrainState | None = None,
) -> train.Stage:  # fmt: skip
  """Returns the training on lines with windows of T steps, or the first T.

  kind is that of the cerebellum. With a name `half`, it has half of the steps,
  and goes on from a start.
  """
  steps, loop = steps or config.windows[0], config.loop
  if half:
    loop = dataclasses.replace(loop, num_steps=loop.num_steps // 2)
  model = dataclasses.replace(config.model, truncation=steps, cerebellum=kind)
  inputs, targets = drawing.all_lines(config.length)
  line = lambda key: drawing.line(key, config.length)
  return learner(
      f'lines_{half.replace(" ", "_") or f"{kind}_{steps}"}', model, loop,
      config.num_seeds, data=train.fresh(line, loop.batch_size), start=start,
      evaluate=lambda state, _: movement_errors.measures(
          _outputs(state.params, inputs, model), targets
      ),
  )  # fmt: skip


def _outputs(params: ccnn.Params, inputs, model: ccnn.Config) -> jax.Array:
  """Returns what a network says to each of N sequences, [N, L, ...]."""
  return jax.vmap(lambda xs: ccnn.outputs(params, xs, model))(inputs)


def learner(
    name: str, model: ccnn.Config, loop: train.Loop, num_seeds: int, *,
    data: Any, evaluate: Any, start: train.TrainState | None = None,
) -> train.Stage:  # fmt: skip
  """Returns the training of a network by its own rule on `data(key, step)`.

  It goes on from `start`, states [S], if any, on the data that follow.
  """

  def init(key, began=None):
    init_key, step_key = jax.random.split(key)
    if began is not None:
      return train.TrainState(*began, key=step_key)
    zero_last = model.cerebellum != 'frozen'  # it would say 0 for ever
    params = ccnn.init(init_key, model, zero_last=zero_last)
    begin: Any = ccnn.optimizer(model).init
    return train.TrainState(jnp.int32(0), params, begin(params), step_key)

  def step(state, batch):
    steps, params, opt, key = state
    params, opt, learnt = ccnn.train_step(params, opt, *batch, config=model)
    state = train.TrainState(steps + 1, params, opt, key)
    return state, {'loss': jnp.mean(learnt.loss)}

  return train.Stage(
      name=name, loop=loop, init=init, step=step, data=data, evaluate=evaluate,
      starts=start and (start.step, start.params, start.opt_state),
      seeds=tuple(range(num_seeds)),
  )  # fmt: skip


def rows(run: train.Run, config: Config) -> dict[str, dict[str, Any]]:
  """Returns the last metrics on digits read row by row, by task and network."""
  found: dict[str, dict[str, Any]] = {task: {} for task in config.rows}
  split = digits.load(config.source, config.path) if config.rows else None
  for task, name in itertools.product(found, KINDS):
    fitted = train.fit(run, row_stage(config, split, task, KINDS[name]))
    last = {k: fitted.metric(k) for k in fitted.history if k != 'loss'}
    found[task][name] = last
  return found


def row_stage(config: Config, split, task: str, kind: Any) -> train.Stage:
  """Returns the training on rows of digits: a task of `Config.rows`."""
  height, width = split.train.images.shape[1:]
  names = task == 'labels'
  model = dataclasses.replace(
      config.row_model, num_inputs=width, cerebellum=kind
  )
  if names:
    model = dataclasses.replace(
        model, num_outputs=10, loss='cross_entropy', last_output_only=True
    )
  targets = jnp.arange(10) if names else drawing.figures(task, height)
  shown, held_out = (
      (jnp.asarray(part.images), targets[jnp.asarray(part.labels)])
      for part in (split.train, split.validation)
  )

  def evaluate(state, _):
    inputs, wanted = held_out
    outs = _outputs(state.params, inputs, model)
    if not names:
      return movement_errors.measures(outs, wanted)
    right = jnp.argmax(outs[:, -1], -1) == wanted
    nats = train.cross_entropy(outs[:, -1], wanted)
    return {'accuracy': jnp.mean(right), 'nats': nats}

  size = config.row_loop.batch_size
  return learner(
      f'rows_{task}_{kind}', model, config.row_loop, config.num_seeds,
      data=lambda key, step: train.examples.shuffled(key, step, shown, size),
      evaluate=evaluate,
  )  # fmt: skip


def captions(run: train.Run, config: Config) -> dict[str, Any]:
  """Returns the perplexity of the user's captions, by network."""
  read, found = captions_lib.load(config.captions), {}
  for name, kind in KINDS.items():
    fitted = train.fit(run, caption_stage(config, read, kind))
    found[name] = fitted.metric('perplexity')
  return found


def caption_stage(config: Config, read, kind: Any) -> train.Stage:
  """Returns the training on captions that were read; a tenth is held out."""
  model = dataclasses.replace(
      config.caption_model, num_inputs=read.features.shape[1] + read.num_words,
      num_outputs=read.num_words, cerebellum=kind,
  )  # fmt: skip
  spelled = lambda row: captions_lib.sequence(*row, num_words=read.num_words)
  shown, held_out = jax.tree.map(jnp.asarray, captions_lib.split(read))
  size = config.caption_loop.batch_size

  def draw(key, step):
    few = train.examples.sample(train.step_key(key, step), shown, size)
    return jax.vmap(spelled)(few)

  def evaluate(state, _):
    def nats(row):
      inputs, words = spelled(row)
      found = ccnn.outputs(state.params, inputs, model)
      return train.cross_entropy(found, words)

    mean = jnp.mean(jax.lax.map(nats, held_out, batch_size=16))
    return {'perplexity': jnp.exp(mean)}

  return learner(
      f'captions_{kind}', model, config.caption_loop, config.num_seeds,
      data=draw, evaluate=evaluate,
  )  # fmt: skip

"""The experiment of `launch.cc_rnn`: lines, ablations, digits, captions."""

import dataclasses
import functools
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
from nmlib.train import examples

KINDS = {'cRNN': 'none', 'ccRNN': 'learning'}
# What happens to the cerebellum after half of the steps.
ABLATIONS = {'intact': 'learning', 'ablated': 'none', 'olive ablated': 'frozen'}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every network, and sets what it can do beside the claims."""
  first, *others = config.windows
  kinds = [(k, t) for t in others for k in ('none', 'learning')]
  lines = {
      (kind, steps): train.fit(run, stage(config, steps, kind))
      for kind, steps in (*kinds, ('none', first), ('fixed', first))
  }
  half = train.fit(run, _half(config))
  ablations = {}
  for name in ABLATIONS:
    later = train.fit(run, _half(config, name, half.state))
    ablations[name] = train.joined(half, later)
  lines['learning', first] = ablations['intact']
  drawn = {
      name: _drawn(lines[kind, first].state.params, config)
      for name, kind in KINDS.items()
  }
  digit_rows = rows(run, config)
  words = captions(run, config) if config.captions else {}
  return report.make(config, lines, ablations, drawn, digit_rows, words)


def stage(
    config: Config, steps: int | None = None, kind: str = 'learning'
) -> train.Stage:
  """Returns the training on lines with windows of T steps, or the first T.

  kind is 'none', 'learning', or 'fixed': a random C that never learns.
  """
  steps = config.windows[0] if steps is None else steps
  return _lines(
      config, f'{kind}_{steps}', steps, 'frozen' if kind == 'fixed' else kind,
      config.loop, zero_last=kind != 'fixed',
  )  # fmt: skip


def _half(config: Config, ablation: str = '', start: Any = None) -> train.Stage:
  """The first half of the steps, or the second with an ablation."""
  loop = dataclasses.replace(config.loop, num_steps=config.loop.num_steps // 2)
  kind = ABLATIONS[ablation] if ablation else 'learning'
  name = ablation.replace(' ', '_') or 'first_half'
  return _lines(config, name, config.windows[0], kind, loop, start=start)


def _lines(config, name, steps, kind: Any, loop, **options) -> train.Stage:
  model = dataclasses.replace(config.model, truncation=steps, cerebellum=kind)
  inputs, targets = drawing.all_lines(config.length)

  def evaluate(state, _):
    """On all seven lines, with our measures of ataxia."""
    draw = lambda x: ccnn.outputs(state.params, x, model)
    return movement_errors.measures(jax.vmap(draw)(inputs), targets)

  return learner(
      f'lines_{name}', model, loop, config.num_seeds, evaluate=evaluate,
      data=train.fresh(
          lambda key: drawing.line(key, config.length), config.loop.batch_size
      ),
      **options,
  )  # fmt: skip


def _drawn(params: ccnn.Params, config: Config) -> np.ndarray:
  """Returns the seven lines of every seed, [S, 7, L, 2]."""
  inputs, _ = drawing.all_lines(config.length)
  draw = lambda p: jax.vmap(lambda x: ccnn.outputs(p, x, config.model))(inputs)
  return np.asarray(jax.jit(jax.vmap(draw))(params))


def learner(
    name: str, model: ccnn.Config, loop: train.Loop, num_seeds: int, *,
    data: Any, evaluate: Any, start: train.TrainState | None = None,
    zero_last: bool = True,
) -> train.Stage:  # fmt: skip
  """Returns the training of a network by its own rule.

  `data(key, step)` are inputs and targets of a batch; it goes on from `start`,
  states [S], if there are any, on the data that follow.
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
    state = train.TrainState(state.step + 1, params, opt_state, state.key)
    return state, {'loss': jnp.mean(learnt.loss)}

  return train.Stage(
      name=name, loop=loop, init=init, step=step, data=data, evaluate=evaluate,
      starts=start and (start.step, start.params, start.opt_state),
      seeds=tuple(range(num_seeds)),
  )  # fmt: skip


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
  names = task == 'labels'
  one_of_ten: Any = dict(
      num_outputs=10, loss='cross_entropy', last_output_only=True
  )
  model = dataclasses.replace(
      config.row_model, num_inputs=width, cerebellum=kind,
      **(one_of_ten if names else {}),
  )  # fmt: skip
  kinds = jnp.arange(10) if names else drawing.figures(task, height)
  shown, held_out = (
      (jnp.asarray(part.images), kinds[jnp.asarray(part.labels)])
      for part in (split.train, split.validation)
  )

  def evaluate(state, _):
    inputs, targets = held_out
    outs = jax.vmap(lambda x: ccnn.outputs(state.params, x, model))(inputs)
    if names:
      last = outs[:, -1]
      return {
          'accuracy': jnp.mean(jnp.argmax(last, -1) == targets),
          'nats': train.cross_entropy(last, targets),
      }
    return movement_errors.measures(outs, targets)

  size = config.row_loop.batch_size
  return learner(
      f'rows_{task}_{kind}', model, config.row_loop, config.num_seeds,
      data=lambda key, step: examples.shuffled(key, step, shown, size),
      evaluate=evaluate,
  )  # fmt: skip


def captions(run: train.Run, config: Config) -> dict[str, Any]:
  """Returns the perplexity of the user's captions, by network."""
  read, found = captions_lib.load(config.captions), {}
  for name, kind in KINDS.items():
    fitted = train.fit(run, caption_stage(config, read, kind))
    found[name] = fitted.history['perplexity'][1][-1]
  return found


def caption_stage(
    config: Config, read: captions_lib.Captions, kind: Any
) -> train.Stage:
  """Returns the training on captions, of which a tenth is held out."""
  model = dataclasses.replace(
      config.caption_model, num_inputs=read.features.shape[1] + read.num_words,
      num_outputs=read.num_words, cerebellum=kind,
  )  # fmt: skip
  spelled = lambda row: captions_lib.sequence(row[0], row[1], read.num_words)
  cut = len(read.words) - max(1, len(read.words) // 10)
  shown, held_out = (
      jax.tree.map(lambda a, rows=rows: jnp.asarray(a[rows]), tuple(read))
      for rows in (slice(cut), slice(cut, None))
  )

  def draw(key, step):
    size = config.caption_loop.batch_size
    rows = examples.sample(train.step_key(key, step), shown, size)
    return jax.vmap(spelled)(rows)

  def nats(params, row):
    inputs, words = spelled(row)
    return train.cross_entropy(ccnn.outputs(params, inputs, model), words)

  def evaluate(state, _):
    one = functools.partial(nats, state.params)
    mean = jnp.mean(jax.lax.map(one, held_out, batch_size=16))
    return {'perplexity': jnp.exp(mean)}

  return learner(
      f'captions_{kind}', model, config.caption_loop, config.num_seeds,
      data=draw, evaluate=evaluate,
  )  # fmt: skip

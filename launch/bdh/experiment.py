"""The experiment of `launch.bdh`: train on text, measure, continue a prompt."""

from collections.abc import Callable
import dataclasses
import functools

import grain
import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.bdh import report
from launch.bdh.config import Config
from nmlib import train
from nmlib.analysis import ngram
from nmlib.data.text import corpus
from nmlib.data.text import crops
from nmlib.data.text import split
from nmlib.data.text import tiny_shakespeare
from nmlib.neurons import bdh


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, measures, and sets the outcome beside the paper's."""
  text = read(config)
  learn, held_out = (corpus.joined(part) for part in text[:2])
  windows = crops.windows(
      held_out, config.sequence_length, config.eval_windows,
      config.model.vocab_size,
  )  # fmt: skip
  baselines = run.result(
      'baselines', lambda: ngram.losses(ngram.fit(learn), **windows)
  )
  shown = ', '.join(f'{k} {float(v):.3f}' for k, v in baselines.items())
  run.say(f'{text.rule}; baselines: {shown}')

  fitted = fit(config, run, learn, windows)
  params = first_seed(train.to_host(fitted.state.params))
  sample = run.result(
      'sample',
      lambda: {'tokens': continuation(params, config.sample_prompt, config)},
  )['tokens']
  return report.make(config, text, baselines, fitted, params, sample)


def read(config: Config) -> split.Split:
  """Reads the text and holds out a part of it."""
  if config.text_file:
    text = corpus.read_text(config.text_file)
  elif config.source == 'tiny_shakespeare':
    text = tiny_shakespeare.load()
  else:
    text = corpus.python_library()
  return split.split(text, config.holdout_fraction)


def fit(
    config: Config,
    run: train.Run,
    text: np.ndarray,
    windows: dict[str, np.ndarray],
    name: str = 'train',
    start: bdh.Params | None = None,
) -> train.Fitted:
  """Trains on crops of a text [N], from new weights or those of `start`."""
  loop = config.loop
  rows = crops.dataset(
      text, config.sequence_length, seed=0,
      num_examples=loop.num_steps * config.num_seeds * loop.batch_size,
      vocab_size=config.model.vocab_size,
  )  # fmt: skip
  made = stage(config, rows, windows)
  return train.fit(run, dataclasses.replace(made, name=name, starts=start))


def begin(model: bdh.Config) -> Callable[..., bdh.Params]:
  """Returns the `init` of a stage: new weights, or what its `starts` give."""
  return lambda key, *start: start[0] if start else bdh.init(key, model)


def stage(
    config: Config,
    rows: grain.MapDataset | None = None,
    windows: dict[str, np.ndarray] | None = None,
) -> train.Stage:
  """Returns the training of every seed; without data for the planner.

  Args:
    config: of the launcher.
    rows: crops to learn from.
    windows: {'tokens', 'targets'} [W, T] to measure on.
  """

  def loss(params, example, key):
    row = example['tokens'], example['targets']
    return bdh.loss(params, *row, config.model, form=config.form, key=key), {}

  row = jax.ShapeDtypeStruct((config.sequence_length,), jnp.int32)
  rate = learning_rate(
      config.loop.num_steps, config.learning_rate,
      config.final_learning_rate, config.warmup_steps,
  )  # fmt: skip
  return train.Stage(
      name='train', loop=config.loop, loss=loss,
      init=begin(config.model),
      optimizer=optax.adamw(rate, weight_decay=config.weight_decay),
      data=rows, example={'tokens': row, 'targets': row},
      evaluate=functools.partial(evaluate, config=config), eval_data=windows,
      rules=bdh.partition_rules(config.model),
      seeds=tuple(range(config.num_seeds)),
      items_per_row=config.sequence_length, item='token',
  )  # fmt: skip


def learning_rate(
    steps: int, peak: float, last: float, warmup: int
) -> optax.Schedule:
  """Linear warm-up, then linear decay; constant if nothing is asked."""
  linear = optax.schedules.linear_schedule
  return optax.schedules.join_schedules(
      [linear(0.0, peak, warmup), linear(peak, last, max(1, steps - warmup))],
      [warmup],
  )


def evaluate(state, windows, config: Config):
  """Returns what `measure` finds of the state of a stage."""
  return measure(state.params, windows, config)


def measure(params: bdh.Params, windows, config: Config):
  """Loss and sparsity on windows {'tokens', 'targets'} [W, T], no dropout."""

  def one(window):
    out = bdh.apply(
        params, window['tokens'], config.model, form=config.form,
        capture=('x_active', 'y_active'),
    )  # fmt: skip
    return {
        'validation/loss': bdh.cross_entropy(out.logits, window['targets']),
        'x_active': jnp.mean(out.captured['x_active'], (1, 2)),  # [L]
        'y_active': jnp.mean(out.captured['y_active'], (1, 2)),
    }

  rows = jax.lax.map(one, windows, batch_size=16)
  means = jax.tree.map(lambda row: jnp.mean(row, 0), rows)
  metrics = {'validation/loss': means['validation/loss']}
  for name in ('x_active', 'y_active'):
    metrics[name] = jnp.mean(means[name])
    for layer in range(config.model.num_layers):
      metrics[f'{name}/layer_{layer + 1}'] = means[name][layer]
  return metrics


def continuation(params: bdh.Params, prompt: str, config: Config) -> np.ndarray:
  """Returns the bytes that the model adds to the prompt, int [n]."""
  tokens = jnp.array(list(prompt.encode()), jnp.int32)
  added = bdh.generate(
      params, tokens, config.sample_length, config.model, top_k=config.top_k,
      temperature=config.temperature, key=jax.random.key(0),
  )  # fmt: skip
  return np.asarray(added)


def first_seed(params: bdh.Params) -> bdh.Params:
  """Takes the first of the seeds [S, ...]."""
  return jax.tree.map(lambda leaf: leaf[0], params)


def sample(prompt: str, config: Config, run: train.Run) -> None:
  """Prints what the newest checkpoint's first seed adds to the prompt."""
  step, state = train.restore(run, stage(config))
  tokens = continuation(first_seed(state.params), prompt, config)
  run.say(f'[step {step}, seed 0]\n{prompt}{report.decoded(tokens)}')


COMMANDS = {
    'sample': (
        'Continue this prompt with the newest checkpoint, and leave.',
        sample,
    )
}

"""BDH, the Dragon Hatchling: a language model of neurons and Hebbian synapses.

Kosowski, Uznanski, Chorowski, Stamirowska, Bartoszkiewicz (arXiv 2509.26507,
2025) train a network of n neurons whose only working memory is Hebbian fast
weights. It learns language about as well as a Transformer, and its activations
become sparse though nothing asks them to.

  python -m launch.bdh                        # small: about 4 minutes, 2 cores
  python -m launch.bdh --text_file=my_texts/  # on your own text or folder
  python -m launch.bdh --sample="def main("   # from the newest checkpoint
  python -m launch.bdh --preset=paper         # the authors' demo, one GPU

`small` learns the bytes of the Python standard library, which every machine
with Python has: three seeds, trained together, against n-gram baselines on the
same held-out files. `paper` is the setting of the authors' released demo: 25M
parameters, 49M bytes of tiny Shakespeare (through TFDS, or --text_file).
The same command again resumes; a finished run prints its report at once.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import bdh_figures
from nmlib import train
from nmlib.analysis import ngram
from nmlib.data.text import corpus
from nmlib.data.text import crops
from nmlib.data.text import split
from nmlib.data.text import tiny_shakespeare
from nmlib.neurons import bdh
from nmlib.plan import planner

SOURCES = ('python_library', 'tiny_shakespeare')


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps are optimizer steps; lengths are bytes; losses are nats a byte.

  text_file, if given, replaces source. The learning rate rises over
  warmup_steps, then falls linearly to final_learning_rate at num_steps.
  """

  source: str = 'python_library'  # or 'tiny_shakespeare', through TFDS
  text_file: str = ''  # a text, or a folder of texts
  holdout_fraction: float = 0.1  # of the text, whole files where possible
  num_seeds: int = 3
  num_steps: int = 600
  batch_size: int = 16
  sequence_length: int = 64
  learning_rate: float = 1e-3
  final_learning_rate: float = 1e-3
  warmup_steps: int = 0
  weight_decay: float = 0.1
  eval_windows: int = 128
  eval_every: int = 50
  checkpoint_every: int = 100
  steps_per_call: int = 5
  log_every: int = 10
  sample_prompt: str = 'def '
  sample_length: int = 240
  temperature: float = 1.0
  top_k: int = 3
  form: str = 'parallel'
  model: bdh.Config = bdh.Config(embed_dim=64, num_neurons=2048, num_layers=3)

  def __post_init__(self):
    if self.source not in SOURCES:
      raise ValueError(
          f'config.source must be one of {SOURCES}, got {self.source!r}; for'
          ' another text use --text_file=PATH.'
      )
    for name in ('num_seeds', 'sequence_length', 'eval_windows', 'top_k'):
      if getattr(self, name) < 1:
        raise ValueError(
            f'config.{name} must be at least 1, got {getattr(self, name)}.'
        )
    if self.model.vocab_size != 256:
      raise ValueError(
          'config.model.vocab_size must be 256, one for each byte, got'
          f' {self.model.vocab_size}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2,
        num_steps=20,
        batch_size=4,
        sequence_length=32,
        eval_windows=8,
        eval_every=10,
        checkpoint_every=10,
        sample_length=40,
        model=bdh.Config(
            embed_dim=16,
            num_neurons=256,
            num_heads=2,
            num_layers=2,
        ),
    ),
    'paper': Config(
        source='tiny_shakespeare',
        num_seeds=1,
        num_steps=3000,
        batch_size=32,
        sequence_length=512,
        sample_prompt='To be or ',
        sample_length=100,
        model=bdh.Config(dtype='bfloat16'),
    ),
}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, measures, and sets the outcome beside the paper's."""
  text = read(config)
  learn, held_out = (corpus.joined(part) for part in text[:2])
  windows = crops.windows(held_out, config.sequence_length, config.eval_windows)
  baselines = run.result(
      'baselines', lambda: ngram.losses(ngram.fit(learn), **windows)
  )
  run.say(f'{text.rule}; baselines: {_shown(baselines)}')

  fitted = train.fit(
      run,
      'train',
      schedule(config),
      data=crops.dataset(
          learn,
          config.sequence_length,
          seed=0,
          num_examples=config.num_steps * config.num_seeds * config.batch_size,
      ),
      eval_data=windows,
      **stage(config),
  )

  params = jax.tree.map(
      lambda leaf: leaf[0], train.to_host(fitted.state.params)
  )
  sample = run.result(
      'sample',
      lambda: {'tokens': continuation(params, config.sample_prompt, config)},
  )['tokens']
  return report(config, text, baselines, fitted, params, sample)


def stage(config: Config) -> dict[str, Any]:
  """Returns what defines the training of one seed, for `train.fit`."""
  rules = bdh.partition_rules(config.model)
  optimizer = optax.adamw(
      learning_rate_schedule(config), weight_decay=config.weight_decay
  )

  def loss(params, example, key):
    return (
        bdh.loss(
            params,
            example['tokens'],
            example['targets'],
            config.model,
            form=config.form,
            key=key,
        ),
        {},
    )

  return {
      'init': train.initializer(
          functools.partial(bdh.init, config=config.model), optimizer
      ),
      'step': train.gradient_step(loss, optimizer, rules),
      'evaluate': functools.partial(evaluate, config=config),
      'seeds': tuple(range(config.num_seeds)),
      'rules': rules,
  }


def schedule(config: Config) -> train.Schedule:
  """Returns how long to train, and how often to look up."""
  return train.Schedule(
      config.num_steps,
      batch_size=config.batch_size,
      steps_per_call=config.steps_per_call,
      log_every=config.log_every,
      eval_every=config.eval_every,
      checkpoint_every=config.checkpoint_every,
  )


def request(config: Config) -> planner.Request:
  """Returns the training stage for `launch.plan`."""
  definition = stage(config)
  text = jax.ShapeDtypeStruct((config.sequence_length,), jnp.int32)
  return planner.Request(
      init=definition['init'],
      step=definition['step'],
      schedule=schedule(config),
      example={'tokens': text, 'targets': text},
      seeds=definition['seeds'],
      rules=definition['rules'],
      items_per_row=config.sequence_length,
      item='token',
  )


def learning_rate_schedule(config: Config) -> optax.Schedule:
  """Linear warm-up, then linear decay; constant if nothing is asked."""
  return optax.schedules.join_schedules(
      [
          optax.schedules.linear_schedule(
              0.0, config.learning_rate, config.warmup_steps
          ),
          optax.schedules.linear_schedule(
              config.learning_rate,
              config.final_learning_rate,
              max(1, config.num_steps - config.warmup_steps),
          ),
      ],
      [config.warmup_steps],
  )


def evaluate(state, windows, config: Config):
  """Loss and sparsity on windows {'tokens', 'targets'} [W, T], no dropout."""

  def one(window):
    out = bdh.apply(
        state.params,
        window['tokens'],
        config.model,
        form=config.form,
        capture=('x_active', 'y_active'),
    )
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


def read(config: Config) -> split.Split:
  """Reads the text and holds out a part of it."""
  if config.text_file:
    text = corpus.read_text(config.text_file)
  elif config.source == 'tiny_shakespeare':
    text = tiny_shakespeare.load()
  else:
    text = corpus.python_library()
  return split.split(text, config.holdout_fraction)


def continuation(params: bdh.Params, prompt: str, config: Config) -> np.ndarray:
  """Returns the bytes that the model adds to the prompt, int [n]."""
  tokens = jnp.array(list(prompt.encode()), jnp.int32)
  return np.asarray(
      bdh.generate(
          params,
          tokens,
          config.sample_length,
          config.model,
          temperature=config.temperature,
          top_k=config.top_k,
          key=jax.random.key(0),
      )
  )


def sample(prompt: str, config: Config, run: train.Run) -> None:
  """Prints what the newest checkpoint's first seed adds to the prompt."""
  definition = stage(config)
  step, state = train.restore(
      run,
      'train',
      init=definition['init'],
      seeds=definition['seeds'],
      rules=definition['rules'],
  )
  params = jax.tree.map(lambda leaf: leaf[0], state.params)
  tokens = continuation(params, prompt, config)
  run.say(f'[step {step}, seed 0]\n{prompt}{_decoded(tokens)}')


def report(
    config: Config,
    text: split.Split,
    baselines: dict[str, np.ndarray],
    fitted: train.Fitted,
    params: bdh.Params,
    tokens: np.ndarray,
) -> train.Report:
  """Holds what was measured against the claims."""
  final = {name: values[-1] for name, (_, values) in fitted.history.items()}
  first = {name: values[0] for name, (_, values) in fitted.history.items()}
  loss, x, y = (
      final[name] for name in ('validation/loss', 'x_active', 'y_active')
  )
  bigram, trigram = float(baselines['bigram']), float(baselines['trigram'])
  claims = [
      train.Claim(
          'Learns more than local statistics: validation loss (nats a byte) at'
          ' least 0.1 below the bigram baseline on the same windows',
          'own baseline; the paper compares with Transformers (Fig. 7)',
          '',
          {'BDH': loss, 'bigram': [bigram]},
          bool((loss < bigram - 0.1).all()),
      ),
      train.Claim(
          'Uses more than two bytes of context: validation loss below the'
          ' interpolated trigram on the same windows',
          'own baseline',
          '',
          {'BDH': loss, 'trigram': [trigram]},
          bool((loss < trigram).all()),
      ),
      train.Claim(
          'Gated activations y are sparser than x: active y below half of'
          ' active x',
          'sections 1.3 and 4.1',
          'about 5 % of neurons in a typical run',
          {'active x': x, 'active y': y},
          bool((y < 0.5 * x).all()),
      ),
      train.Claim(
          'Sparsity emerges in training without a regulariser: active y below'
          ' half of its value at initialisation',
          'section 4.1',
          '',
          {'active y at start': first['y_active'], 'active y at end': y},
          bool((y < 0.5 * first['y_active']).all()),
      ),
  ]
  return train.Report(
      claims=claims,
      data={
          'text': text.train.name,
          'split': text.rule,
          'train': corpus.manifest(text.train),
          'validation': corpus.manifest(text.validation),
          'skipped': list(text.train.skipped),
      },
      differences=differences(config),
      figures=bdh_figures.draw(fitted.history, baselines, params, config),
      notes={
          f'Sample, seed 0, after {config.sample_prompt!r}': _decoded(tokens)
      },
  )


def differences(config: Config) -> list[str]:
  """Says how a run departs from the paper's experiment."""
  said = [
      'The paper compares with Transformers on Europarl at 1.2 billion bytes;'
      ' this run compares with n-grams.'
  ]
  full = PRESETS['paper'].model
  if config.model.num_neurons < full.num_neurons:
    said.append(
        f'{config.model.num_neurons} neurons of width {config.model.embed_dim}'
        f' in {config.model.num_layers} layers, not'
        f' {full.num_neurons} of {full.embed_dim} in {full.num_layers} or 8.'
    )
  tokens = config.num_steps * config.batch_size * config.sequence_length
  said.append(f'{tokens / 1e6:.2g} million bytes of training a seed.')
  return said


def _shown(losses: dict[str, np.ndarray]) -> str:
  return ', '.join(f'{name} {float(v):.3f}' for name, v in losses.items())


def _decoded(tokens: np.ndarray) -> str:
  return bytes(tokens.astype(np.uint8)).decode(errors='replace')


if __name__ == '__main__':
  train.launch(
      experiment,
      PRESETS,
      name='bdh',
      shortcuts={'text_file': 'Learn this text, or folder of texts.'},
      commands={
          'sample': (
              'Continue this prompt with the newest checkpoint, and leave.',
              sample,
          )
      },
  )

"""The report of `launch.bdh`: what was measured, beside the paper's claims."""

import numpy as np

from launch.bdh import figures
from launch.bdh.config import PRESETS
from launch.bdh.config import Config
from nmlib import train
from nmlib.data.text import corpus
from nmlib.data.text import split
from nmlib.neurons import bdh


def make(
    config: Config, text: split.Split, baselines: dict[str, np.ndarray],
    fitted: train.Fitted, params: bdh.Params, tokens: np.ndarray,
) -> train.Report:  # fmt: skip
  """Holds what was measured against the claims.

  Args:
    config: of the launcher.
    text: what was learnt, and held out.
    baselines: loss of each n-gram model, [].
    fitted: the trained seeds.
    params: of the first.
    tokens: what it wrote after the prompt, int [n].
  """
  final = {name: values[-1] for name, (_, values) in fitted.history.items()}
  first = {name: values[0] for name, (_, values) in fitted.history.items()}
  return train.Report(
      claims=claims(first, final, baselines),
      data={
          'text': text.train.name, 'split': text.rule,
          'train': corpus.manifest(text.train),
          'validation': corpus.manifest(text.validation),
          'skipped': list(text.train.skipped),
      },
      differences=differences(config),
      figures=figures.draw(fitted.history, baselines, params, config),
      notes={
          f'Sample, seed 0, after {config.sample_prompt!r}': decoded(tokens)
      },
  )  # fmt: skip


def claims(first, final, baselines) -> list[train.Claim]:
  """Loss against n-grams, and sparsity, at the first and last evaluation."""
  loss, x, y = (
      final[name] for name in ('validation/loss', 'x_active', 'y_active')
  )
  return [
      train.lower(
          'Learns more than local statistics: validation loss (nats a byte) at'
          ' least 0.1 below the bigram baseline on the same windows',
          {'BDH': loss}, {'bigram': baselines['bigram']}, margin=0.1, by='seed',
          source='own baseline; the paper compares with Transformers (Fig. 7)',
      ),
      train.lower(
          'Uses more than two bytes of context: validation loss below the'
          ' interpolated trigram on the same windows',
          {'BDH': loss}, {'trigram': baselines['trigram']}, by='seed',
          source='own baseline',
      ),
      train.lower(
          'Gated activations y are sparser than x: active y below half of'
          ' active x',
          {'active y': y}, {'active x': x}, times=0.5, by='seed',
          source='sections 1.3 and 4.1',
          paper='about 5 % of neurons in a typical run',
      ),
      train.lower(
          'Sparsity emerges in training without a regulariser: active y below'
          ' half of its value at initialisation',
          {'active y at end': y}, {'active y at start': first['y_active']},
          times=0.5, by='seed', source='section 4.1',
      ),
  ]  # fmt: skip


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
  tokens = (
      config.loop.num_steps * config.loop.batch_size * config.sequence_length
  )
  said.append(f'{tokens / 1e6:.2g} million bytes of training a seed.')
  return said


def decoded(tokens: np.ndarray) -> str:
  """Returns bytes as text."""
  return bytes(tokens.astype(np.uint8)).decode(errors='replace')

"""The report of `launch.astrosnn`: of a reconstruction, and says so."""

import numpy as np

from launch.astrosnn import figures
from launch.astrosnn.config import Config
from nmlib import train
from nmlib.data.text import corpus
from nmlib.data.text import split
from nmlib.networks import astrocyte_language_model as astrocyte_lm
from nmlib.networks.spiking import astrocyte_readout as network

_LENGTHS = (64, 4096)  # tokens read before the state is weighed


def make(
    config: Config, text: split.Split, recalled: dict[str, np.ndarray],
    fitted: dict[str, train.Fitted], sizes: dict[str, int], tokens: np.ndarray,
) -> train.Report:  # fmt: skip
  """Holds the claims against recall, models of text and bytes one wrote [n]."""
  wrote = bytes(tokens.astype(np.uint8)).decode(errors='replace')
  return train.Report(
      claims=[*_recall(config, recalled), _constant(config)],
      data={
          'text': text.train.name, 'split': text.rule,
          'train': corpus.manifest(text.train),
          'validation': corpus.manifest(text.validation),
      },
      differences=_differences(config),
      tables=_tables(config, recalled, fitted, sizes),
      figures=figures.draw(config, recalled, fitted),
      notes={f'Sample, seed 0, after {config.sample_prompt!r}': wrote},
  )  # fmt: skip


def _recall(config, recalled) -> list[train.Claim]:
  if not recalled:
    return []
  delay = config.recall.delays[-1]
  last = {name: recalled[name][-1] for name in config.recall.units}
  below = lambda text, name, most: train.lower(
      text, {name: last[name]}, most, by='seed', source='reconstruction'
  )
  return [
      train.higher(
          'Units with astrocytes retain memory longer: more accuracy of'
          f' recall after {delay} steps than LIF units',
          {'astrocyte': last['astrocyte']}, {'LIF': last['LIF']},
          by='seed', source='abstract',
      ),
      train.higher(
          f'With astrocytes recall after {delay} steps is right: accuracy at'
          ' least 0.95',
          {'astrocyte accuracy': last['astrocyte']}, 0.95, by='seed',
          source='reconstruction',
      ),
      below(
          'Spikes that recur in place of astrocytes do not suffice: accuracy'
          ' at most 0.75', 'recurrent LIF', 0.75,
      ),
      below('LIF units forget: accuracy at most 0.35', 'LIF', 0.35),
      below(
          'The slow time constant is the cause: with astrocytes of decay 0.5'
          ' accuracy at most 0.6', 'fast astrocyte', 0.6,
      ),
  ]  # fmt: skip


def _constant(config) -> train.Claim:
  """The memory of decoding, of the shapes that `unroll` returns."""
  first, last = (astrocyte_lm.state_bytes(config.model, n) for n in _LENGTHS)
  return train.Claim(
      'Memory at inference does not grow: the state of decoding is as large'
      f' after {_LENGTHS[1]} tokens as after {_LENGTHS[0]}',
      'abstract', '',
      {
          f'bytes after {length} tokens': np.array([float(size)])
          for length, size in zip(_LENGTHS, (first, last), strict=True)
      },
      first == last,
  )  # fmt: skip


def _differences(config: Config) -> list[str]:
  read = config.loop.num_steps * config.loop.batch_size * config.sequence_length
  return [
      'A RECONSTRUCTION: only the abstract of the paper was available. Unit,'
      ' sizes, training and thresholds are ours; none of these numbers is the'
      " authors'.",
      f'{read / 1e6:.2g} million bytes of training a seed; the authors trained'
      ' up to 1.5 billion weights, on what and how is not known to us.',
      'Bits a byte have no threshold: they stand beside models of equal size'
      ' and the same bytes.',
  ]


def _tables(config, recalled, fitted, sizes) -> dict[str, train.Table]:
  tables = {}
  if recalled:
    task, units = config.recall.task, config.recall.units
    sides = task.num_channels, task.num_classes
    acting = {k: network.num_params(*sides, one) for k, one in units.items()}
    cells = {'weights that act': acting}
    for i, delay in enumerate(config.recall.delays):
      cells[f'{delay} steps'] = {name: recalled[name][i] for name in units}
    tables['Accuracy of delayed recall (chance 0.25)'] = train.columns(
        cells, 'units', 'A reconstruction.'
    )
  bits = {k: v.history['validation/bits'][1][-1] for k, v in fitted.items()}
  tables['Text: bits a byte on held-out files'] = train.columns(
      {'weights': sizes, 'bits a byte': bits}, 'model',
      'The same bytes and optimizer for all; linear attention is BDH.',
  )  # fmt: skip
  return tables

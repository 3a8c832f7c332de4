"""The report of `launch.hippocampus_cam`: what was found, beside the claims."""

import hashlib

import numpy as np

from launch.hippocampus_cam import figures
from launch.hippocampus_cam.config import Config
from nmlib import train
from nmlib.networks import content_addressable_memory as memory

# Of the rasters that the authors published, as `digest` makes it. Those of the
# stress test were compared by an independent program, and are 1567 spikes.
DIGESTS = {
    'functional': (
        'bc1593a9a3b501a8f2902b845f21c89f4bd89cd24afabaea52efe4bff0661525'
    ),
    'state map': (
        '64e99892b58a38af8a1cb566129b3ae65f54e7c1a97f33aa4e30ac9bd6af69e0'
    ),
}
TOTALS = {'functional': 262, 'stress': 1567, 'state map': 402}


def digest(raster: dict[str, np.ndarray]) -> str:
  """Returns SHA-256 of rasters [T, n], uint8, in the order of their names."""
  parts = [raster[name].tobytes() for name in sorted(raster)]
  return hashlib.sha256(b''.join(parts)).hexdigest()


def make(
    config: Config, published: dict[str, np.ndarray],
    finer: dict[str, np.ndarray], recall: dict[str, np.ndarray],
    larger: dict[str, np.ndarray], windows: dict[str, np.ndarray],
) -> train.Report:  # fmt: skip
  """Holds what was measured against the claims; arguments as of `measure`."""
  return train.Report(
      claims=[
          *_published(published, finer),
          *_recall(config, recall),
          *_larger(config, larger),
      ],
      data={
          'experiments': ', '.join(TOTALS),
          'random contents': (
              f'on 5 cues and 10 bits: {config.orthogonal_bits} bits that no'
              f' two share, or any {config.overlapping_bits}'
          ),
          'larger memory': (
              f'{config.large} cues and bits, contents of {config.large_bits}'
              f' bits, {3 * config.large * config.large_blocks} operations'
          ),
      },
      differences=[
          "The paper's experiments are run as they are; random contents, the"
          ' larger memory and the finer step are ours.',
          'Its neuromorphic hardware, its power and its speed are not here.',
      ],
      tables={
          'Recalls that are right, over seeds': train.Table({
              f'{spacing} ms': {k: shares[i] for k, shares in recall.items()}
              for i, spacing in enumerate(config.spacings)
          }, 'between operations'),
          'Wrong recalls of the larger memory': train.columns({
              f'block {i + 1}': {k: int(v[i]) for k, v in larger.items()}
              for i in range(config.large_blocks)
          }, 'between operations'),
      },  # fmt: skip
      figures={
          'raster': figures.raster(published),
          'recall': figures.recall(config, recall),
          'windows': figures.windows(windows),
      },
  )


def _published(published, finer) -> list[train.Claim]:
  claims = []
  for i, (name, total) in enumerate(TOTALS.items()):
    raster = {k: published[f'{name}/{k}'] for k in memory.POPULATIONS}
    spikes = sum(int(one.sum()) for one in raster.values())
    right, same = published[f'{name}/right'], True
    what = 'as many spikes as the published raster has'
    if name in DIGESTS:
      what = 'every spike is the published one'
      same = DIGESTS[name] == digest(raster)
    claims.append(
        train.Claim(
            f'Experiment {i + 1}, {name}: {what}, and every recall is right',
            'results, published rasters', f'{total} spikes',
            {'spikes': [spikes], 'right recalls': [float(right.mean())]},
            same and spikes == total and bool(right.all()),
        )
    )  # fmt: skip
  share = [float(finer['right'].mean())]
  claims.append(
      train.lower(
          'The memory is timed to 1 ms: with a step of 0.1 ms and the same'
          ' constants, not all recalls of experiment 1 are right',
          {'right recalls': share}, 1, by='seed', source='own test',
      )
  )  # fmt: skip
  return claims


def _recall(config, recall) -> list[train.Claim]:
  spacings = np.array(config.spacings)

  def errors(kind, least):
    both = [recall[f'{kind} by {what}'] for what in ('cue', 'bit')]
    return (1 - np.minimum(*both))[spacings >= least].max(0)  # of each seed

  by_bit = dict(zip(config.spacings, recall['overlapping by bit'], strict=True))
  return [
      train.lower(
          'Orthogonal contents: from 6 ms between operations no recall is'
          ' wrong, by cue or by bit',
          {'largest share of wrong recalls': errors('orthogonal', 6)}, 1e-6,
          by='seed', source='own test of the claim on orthogonal memories',
      ),
      train.lower(
          'Overlapping contents: from 10 ms no recall is wrong, by cue or by'
          ' bit',
          {'largest share of wrong recalls': errors('overlapping', 10)}, 1e-6,
          by='seed', source='own test of the claim on overlapping memories',
      ),
      train.lower(
          'Overlapping contents: 7 ms between operations are too few for'
          ' recall by bit, mean over seeds at least 0.1 lower than at 10 ms',
          {'7 ms': by_bit[7]}, {'10 ms': by_bit[10]}, by='mean', margin=0.1,
          source='own test',
      ),
  ]  # fmt: skip


def _larger(config, larger) -> list[train.Claim]:
  short, long = config.large_spacings
  kept = {k: v.sum(keepdims=True) for k, v in larger.items()}
  total = sum(kept[f'{long} ms, {what}'] for what in ('by cue', 'by bit'))
  by_bit = larger[f'{short} ms, by bit']
  return [
      train.lower(
          f'A memory of {config.large} cues and bits: {long} ms between'
          f' {3 * config.large * config.large_blocks} operations that learn,'
          ' recall by all cues and bits, and learn anew; no recall is wrong',
          {'wrong recalls': total}, 1, by='seed', also=kept, source='own test',
      ),
      train.higher(
          f'At {short} ms traces of the operations just before lift forgotten'
          ' synapses over the limit of firing: more recalls by bit are wrong in'
          ' the last block than in the first',
          {'last block': by_bit[-1:]}, {'first block': by_bit[:1]},
          by='seed', source='own test',
      ),
  ]  # fmt: skip

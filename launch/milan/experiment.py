"""The experiment of `launch.milan`."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from launch.milan import annotated
from launch.milan import photographs
from launch.milan import report
from launch.milan import vision
from launch.milan import words
from launch.milan.config import Config
from nmlib import train
from nmlib.analysis import deletion
from nmlib.analysis import descriptions
from nmlib.data.images import region_descriptions as regions

stage = vision.stage  # what the planner compiles


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains networks, dissects them, describes their units, deletes some."""
  if config.told_by == 'people':
    return annotated.experiment(config, run)
  if config.photographs:
    return photographs.experiment(config, run)
  networks = train.fit(run, vision.stage(config)).state.params
  encoder = train.fit(run, vision.stage(config, 'encoder')).state.params
  found = run.result('units', lambda: _dissected(config, networks, encoder))
  folds = words.folds(config, found['features'], found['facts'])
  best = train.fit(run, words.stage(config, folds)).state.best
  said = run.result(
      'said', lambda: words.described(config, best, found['features'])
  )
  scores = run.result('scores', lambda: _scores(found['facts'], said))
  deleted = run.result(
      'deleted', lambda: _deleted(config, networks, said['wPMI'])
  )
  return report.make(config, found, said, scores, deleted)


def _nth(tree, i):
  return jax.tree.map(lambda leaf: leaf[i], tree)


def _dissected(config, networks, encoder) -> dict[str, np.ndarray]:
  """Returns what `vision.dissect` finds of each network, [S, U, ...]."""
  shown = vision.images(config, 0, config.num_images)
  found = [
      vision.dissect(_nth(networks, i), _nth(encoder, 0), shown, config)
      for i in range(config.num_seeds)
  ]
  stacked = jax.tree.map(lambda *parts: np.stack(parts), *found)
  features = stacked['features']
  features = features - features.mean((0, 1, 2))
  return stacked | {'features': features / (features.std((0, 1, 2)) + 1e-6)}


def named(tokens) -> np.ndarray:
  """Returns which of `regions.FACTS` words [U, T] name, bool [U, FACTS]."""
  facts = jnp.array([regions.VOCABULARY.index(name) for name in regions.FACTS])
  of = lambda row: descriptions.named(row, facts, regions.STOP)
  return np.asarray(jax.vmap(of)(jnp.asarray(tokens)))


def _scores(facts, said) -> dict[str, np.ndarray]:
  """Compares descriptions of each network, beside constants of the others."""
  names = {
      method: np.stack([named(one) for one in tokens])
      for method, tokens in said.items()
  }
  known = [
      np.delete(facts, i, 0).reshape(-1, facts.shape[-1])
      for i in range(len(facts))
  ]
  right = facts[:, :, None]
  return descriptions.compare(said, names, right, known, regions.STOP)


def _deleted(config, networks, said) -> dict[str, np.ndarray]:
  """Returns what deleting units does to each network, [S, ...].

  `sizes` [S, D] units deleted, `chosen` [S], and accuracies by 'data order'.
  """
  draw = functools.partial(vision.images, config, count=config.num_tests)
  images = {
      'validation': draw(1), 'test': draw(2),
      'misleading': draw(3, letters='misleading'),
  }  # fmt: skip
  letter = regions.FACTS.index('letter')
  found = []
  for i, tokens in enumerate(said):
    told = lambda kind, mask, params=_nth(networks, i): float(
        vision.accuracy(params, images[kind], jnp.asarray(mask), config)
    )
    curves = deletion.compare(
        told, named(tokens)[:, letter], config.deletions,
        np.random.default_rng(i), tolerance=config.tolerance,
        num_random=config.num_random, data=('test', 'misleading'),
    )  # fmt: skip
    found.append(curves._asdict() | curves.accuracy)
  keys = found[0].keys() - {'accuracy'}
  return {key: np.stack([one[key] for one in found]) for key in keys}

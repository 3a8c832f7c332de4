"""A model's population beside the one that it stands for, in new conditions."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nmlib.analysis.population import jpca
from nmlib.analysis.population import ridge
from nmlib.analysis.population import subspaces


class Likeness(NamedTuple):
  """Numbers."""

  unsampled: float  # R^2 of neurons that the model was not shown
  canonical: float  # mean canonical correlation of leading components
  procrustes: float  # similarity of leading components
  rotation: float  # strength in the model
  wanted_rotation: float  # strength in the population


def compare(
    wanted: npt.ArrayLike,
    model: npt.ArrayLike,
    sampled: npt.ArrayLike,
    num_train: int,
    *,
    num_components: int = 6,
    onset: int = 0,
    penalty: float = 1.0,
) -> Likeness:
  """Compares activity [B, T, N] in conditions after the first `num_train`.

  Neurons are read from the model by ridge regression, fitted in the training
  conditions alone. The rest looks at the new conditions: jPCA at what differs
  between them.

  Args:
    wanted: of the population.
    model: [B, T, M].
    sampled: [N], which neurons the model was shown; where it was all of them,
      all are read.
    num_train: conditions that it has learned from, below B.
    num_components: of principal components.
    onset: the first step that jPCA looks at.
    penalty: of the regression.

  Raises:
    ValueError: if there are no conditions of either kind, or shapes differ.
  """
  wanted, model = np.asarray(wanted, float), np.asarray(model, float)
  if not 0 < num_train < len(wanted) or model.shape[:2] != wanted.shape[:2]:
    raise ValueError(
        f'wanted and model must be [B, T, neurons] of more than {num_train}'
        f' conditions, at least 1, got {list(wanted.shape)} and'
        f' {list(model.shape)}.'
    )
  rest = np.asarray(sampled) == 0
  read = wanted[..., rest if rest.any() else ~rest]
  flat = lambda a: a.reshape(-1, a.shape[-1])
  score = ridge.held_out(
      flat(model[:num_train]), flat(read[:num_train]),
      flat(model[num_train:]), flat(read[num_train:]), penalty,
  )  # fmt: skip
  scores, turned = [], []
  for activity in (wanted, model):
    new = activity[num_train:]
    found = subspaces.components(flat(new), num_components)
    scores.append(found)
    states = found.reshape(*new.shape[:2], num_components)
    turned.append(jpca.fit((states - states.mean(0))[:, onset:]).strength)
  return Likeness(
      score,
      float(subspaces.canonical_correlations(*scores).mean()),
      subspaces.procrustes_similarity(*scores),
      turned[1],
      turned[0],
  )

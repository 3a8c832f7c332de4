"""Training and validation text that do not share a document."""

import hashlib
from typing import NamedTuple

from nmlib.data.text import corpus as corpus_lib

Corpus, Document = corpus_lib.Corpus, corpus_lib.Document


class Split(NamedTuple):
  """What to learn from, what to be judged by, and how they were parted."""

  train: Corpus
  validation: Corpus
  rule: str  # one line, to be recorded with a result


def split(
    corpus: Corpus, holdout_fraction: float = 0.1, seed: int = 0
) -> Split:
  """Holds out whole documents, chosen by a hash of their names.

  A document is held out when SHA-256 of "seed:name", read as a number in
  [0, 1), is below `holdout_fraction`. Its fate thus hangs on nothing but its
  name and the seed: it is the same on every machine, and when other documents
  come or go.

  With one document, or so few that the held-out share of bytes would be off
  by more than a factor of two, the last `holdout_fraction` of every document
  is held out instead, as small-corpus demos do: train is then the first
  int((1 - holdout_fraction) * size) bytes of each. `Split.rule` says which.

  Args:
    corpus: what to divide.
    holdout_fraction: share of the text to hold out, between 0 and 1.
    seed: chooses another set of documents; without effect on tails.

  Returns:
    The two parts and the rule.

  Raises:
    ValueError: the fraction is not in (0, 1), or a part would be empty.
  """
  if not 0 < holdout_fraction < 1:
    raise ValueError(
        'holdout_fraction must lie between 0 and 1 (both excluded), got'
        f' {holdout_fraction}.'
    )
  held = {
      document.name
      for document in corpus.documents
      if _uniform(f'{seed}:{document.name}') < holdout_fraction
  }
  train = [d for d in corpus.documents if d.name not in held]
  validation = [d for d in corpus.documents if d.name in held]
  size = sum(len(d.data) for d in validation)
  expected = holdout_fraction * corpus.num_bytes
  rule = f'{len(held)} of {len(corpus.documents)} whole files held out'
  if not (train and expected / 2 <= size <= expected * 2):
    train, validation = _tails(corpus, holdout_fraction)
    files = 'the file' if len(corpus.documents) == 1 else 'every file'
    rule = f'last {holdout_fraction:.4g} of {files} held out'
  if not train or not validation:
    raise ValueError(
        f'{corpus.name} is too short to hold out {holdout_fraction:.4g} of its'
        f' {corpus.num_bytes} bytes: give more text.'
    )
  return Split(
      Corpus(f'{corpus.name}: train', tuple(train)),
      Corpus(f'{corpus.name}: validation', tuple(validation)),
      rule,
  )


def _tails(
    corpus: Corpus, fraction: float
) -> tuple[list[Document], list[Document]]:
  """Cuts every document in two; empty pieces are left out."""
  heads, tails = [], []
  for name, data in ((d.name, d.data) for d in corpus.documents):
    cut = int((1 - fraction) * len(data))
    heads.append(Document(name, data[:cut]))
    tails.append(Document(name, data[cut:]))
  return [d for d in heads if d.data], [d for d in tails if d.data]


def _uniform(name: str) -> float:
  digest = hashlib.sha256(name.encode('utf-8', 'surrogateescape')).digest()
  return int.from_bytes(digest[:6], 'big') / 2**48

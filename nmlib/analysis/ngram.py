"""N-gram language models: what a text's local statistics alone can predict.

They are the baselines that a sequence model has to beat. `fit` counts on the
training text only; `losses` then scores the very windows on which the model
is validated, under the model's own limits: nothing before a window is seen.
"""

from typing import NamedTuple

import numpy as np

from nmlib.neurons.core import checks

_HELD_OUT = 0.1  # last part of the training text, on which weights are fitted
_EM_TOLERANCE = 1e-4  # largest change of a weight in the last step


class Ngrams(NamedTuple):
  """Probabilities of the next token, and how to mix them."""

  unigram: np.ndarray  # [V], p1(c)
  bigram: np.ndarray  # [V, V], p2(c | b) at [b, c]
  codes: np.ndarray  # [M], (a V + b) V + c of each trigram seen, increasing
  trigram: np.ndarray  # [M], p3(c | a, b) of each trigram seen
  contexts: np.ndarray  # [V, V], whether the pair (a, b) was ever followed
  weights: np.ndarray  # [3], of p1, p2, p3 in the interpolated trigram


def fit(text: np.ndarray, vocab_size: int = 256, alpha: float = 0.1) -> Ngrams:
  r"""Counts n-grams and fits the weights of their mixture.

  .. math::
    p_1(c) = \frac{n(c) + \alpha}{N + \alpha V},\quad
    p_2(c|b) = \frac{n(bc) + \alpha}{n(b) + \alpha V},\quad
    p_3(c|ab) = \frac{n(abc)}{n(ab)}

  where p3 is p2 if ab was never seen. The interpolated trigram (Jelinek and
  Mercer 1980) is w1 p1 + w2 p2 + w3 p3; its weights maximise, by expectation
  maximisation, the likelihood of the last tenth of `text` under counts of the
  rest. The counts returned are those of all of `text`.

  Args:
    text: training tokens, integers [N] in [0, vocab_size).
    vocab_size: V; 256 for bytes.
    alpha: added to each unigram and bigram count.

  Returns:
    The fitted models, float64.

  Raises:
    ValueError: the text has fewer than 30 tokens or tokens out of range, or
      alpha is not positive.
  """
  text = np.asarray(text)
  if alpha <= 0:
    raise ValueError(f'alpha must be positive, got {alpha}.')
  if text.ndim != 1 or len(text) < 30:
    raise ValueError(
        f'n-grams need a text [N] of at least 30 tokens, got {text.shape}.'
    )
  checks.indices('tokens', text, vocab_size)
  cut = int((1 - _HELD_OUT) * len(text))
  weights = _fit_weights(_count(text[:cut], vocab_size, alpha), text[cut:])
  return _count(text, vocab_size, alpha)._replace(weights=weights)


def losses(
    ngrams: Ngrams, tokens: np.ndarray, targets: np.ndarray
) -> dict[str, float]:
  """Returns the mean cross-entropy of each model, in nats a token.

  Target t of a window may be predicted from tokens 0 .. t of that window, as
  by a sequence model that starts afresh there. The trigram therefore uses p2
  in place of p3 for the first target of each window; the others never lack a
  context.

  Args:
    ngrams: from `fit`.
    tokens: integers [W, T], the inputs of W windows.
    targets: integers [W, T]; targets[w, t] follows tokens[w, t].

  Returns:
    {'unigram': ..., 'bigram': ..., 'trigram': ...}, each a float.

  Raises:
    ValueError: the shapes differ or are not [W, T], or a token is out of range.
  """
  tokens, targets = np.asarray(tokens), np.asarray(targets)
  if tokens.shape != targets.shape or tokens.ndim != 2 or not tokens.size:
    raise ValueError(
        'tokens and targets must have one shape [W, T], got'
        f' {tokens.shape} and {targets.shape}.'
    )
  checks.indices('tokens', tokens, len(ngrams.unigram))
  checks.indices('targets', targets, len(ngrams.unigram))
  p1, p2 = ngrams.unigram[targets], ngrams.bigram[tokens, targets]
  p3 = p2.copy()
  p3[:, 1:] = _trigram(ngrams, tokens[:, :-1], tokens[:, 1:], targets[:, 1:])
  mixed = np.stack([p1, p2, p3], axis=-1) @ ngrams.weights
  nats = lambda p: float(-np.log(p).mean())
  return {'unigram': nats(p1), 'bigram': nats(p2), 'trigram': nats(mixed)}


def _count(text: np.ndarray, size: int, alpha: float) -> Ngrams:
  """Returns the three models counted on text, weights still equal."""
  text = text.astype(np.int64)
  smooth = lambda n: (n + alpha) / (n + alpha).sum(-1, keepdims=True)
  pairs = text[:-1] * size + text[1:]
  bigrams = np.bincount(pairs, minlength=size**2).reshape(size, size)
  codes, counts = _tally(pairs[:-1] * size + text[2:], size**3)
  followed = np.bincount(pairs[:-1], minlength=size**2)  # sum over c of n(abc)
  return Ngrams(
      unigram=smooth(np.bincount(text, minlength=size)),
      bigram=smooth(bigrams),
      codes=codes,
      trigram=counts / followed[codes // size],
      contexts=(followed > 0).reshape(size, size),
      weights=np.full(3, 1 / 3),
  )


def _tally(codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
  """Like np.unique with counts; for bytes a table (128 MB) beats sorting."""
  if size > 2**24:
    return np.unique(codes, return_counts=True)
  table = np.bincount(codes, minlength=size)
  found = np.flatnonzero(table)
  return found, table[found]


def _trigram(
    ngrams: Ngrams, a: np.ndarray, b: np.ndarray, c: np.ndarray
) -> np.ndarray:
  """Returns p3(c | a, b), or p2(c | b) where the pair was never seen."""
  size = len(ngrams.unigram)
  code = (a.astype(np.int64) * size + b) * size + c
  place = np.searchsorted(ngrams.codes, code).clip(max=len(ngrams.codes) - 1)
  p3 = np.where(ngrams.codes[place] == code, ngrams.trigram[place], 0.0)
  return np.where(ngrams.contexts[a, b], p3, ngrams.bigram[b, c])


def _fit_weights(ngrams: Ngrams, text: np.ndarray) -> np.ndarray:
  """Returns the mixture weights [3] that make text likeliest (EM)."""
  a, b, c = text[:-2], text[1:-1], text[2:]
  p3 = _trigram(ngrams, a, b, c)
  p = np.stack([ngrams.unigram[c], ngrams.bigram[b, c], p3], axis=-1)
  weights, before = ngrams.weights, np.zeros(3)
  while np.abs(weights - before).max() > _EM_TOLERANCE:
    before = weights
    weights = weights * (1 / (p @ weights) @ p) / len(p)
  return weights

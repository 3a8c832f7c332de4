"""Predictions of a long recording, window by window."""

from collections.abc import Callable

import numpy as np


def predict(
    model: Callable[[np.ndarray], np.ndarray],
    inputs: np.ndarray,
    *,
    window: int = 500,
    burn_in: int = 150,
) -> np.ndarray:
  """Predicts each window from rest and drops its start, as NeuronIO is judged.

  Windows begin every `window - burn_in` steps; the first `burn_in` outputs of
  each but the first are replaced by those of the window before. The last
  window is padded with zeros.

  Args:
    model: from inputs [N, window, D] to outputs [N, window, O].
    inputs: [N, T, D].
    window: steps the model sees at a time.
    burn_in: steps in which it finds its state, less than `window`.

  Returns:
    Outputs [N, T, O].

  Raises:
    ValueError: a burn-in as long as the window.
  """
  if not 0 <= burn_in < window:
    raise ValueError(f'burn_in must be in [0, {window}), got {burn_in}.')
  length, pieces, done = inputs.shape[1], [], 0
  while done < length:
    start = max(0, done - burn_in)
    piece = inputs[:, start : start + window]
    missing = window - piece.shape[1]
    piece = np.pad(piece, ((0, 0), (0, missing), (0, 0)))
    pieces.append(np.asarray(model(piece))[:, done - start : length - start])
    done = start + window
  return np.concatenate(pieces, axis=1)

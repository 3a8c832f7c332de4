"""A claim as HTML: the paper's figure beside ours, with a dot a seed."""

from collections.abc import Mapping
from collections.abc import Sequence
import html
from typing import Any

import numpy as np

from nmlib.train.reports import claims
from nmlib.train.reports import statistics

_WIDTH, _HEIGHT, _MARGIN = 160, 16, 6  # of a row of dots, in pixels


def claim(record: Mapping[str, Any]) -> str:
  """Returns one claim: the paper's figure beside ours."""
  word = claims.verdict(record)
  kind = 'holds' if record['expected'] else 'known'
  if claims.is_unexpected(record):
    kind = 'fails'
  because = f': {text(record["because"])}' if record['because'] else ''
  said = ', '.join(filter(None, (record['text'], record['compared'])))
  values = [v for row in record['ours'].values() for v in row if np.isfinite(v)]
  low, high = (min(values), max(values)) if values else (0.0, 0.0)
  scale = f'; dots: seeds, {low:.4g} to {high:.4g}' if values else ''
  rows = ''.join(
      f'<tr><th scope="row">{text(name)}</th>'
      f'<td>{text(statistics.summary(row))}</td>'
      f'<td>{dots(row, low, high)}</td></tr>'
      for name, row in record['ours'].items()
  )
  return (
      f'<section class="claim"><p><span class="verdict {kind}">{word}</span>'
      f' {text(said)}<span class="because">{because}</span></p>'
      f'<div class="beside"><div><h4>Paper</h4>'
      f'<p>{text(record["paper"] or "no number")}</p>'
      f'<p class="source">{text(record["source"])}</p></div>'
      f'<div><h4>Ours: mean ± sd{scale}</h4><table class="ours">{rows}</table>'
      '</div></div></section>'
  )


def dots(values: Sequence[float], low: float, high: float) -> str:
  """Draws one dot a seed, and a stroke at their mean, as SVG.

  Args:
    values: [S]; what is not finite is not drawn.
    low, high: ends of the scale; a scale of no length puts all in the middle.
  """
  finite = [v for v in values if np.isfinite(v)]
  span = (high - low) or 1.0
  place = lambda v: (
      _WIDTH / 2
      if high == low
      else _MARGIN + (v - low) / span * (_WIDTH - 2 * _MARGIN)
  )
  middle = _HEIGHT / 2
  drawn = [f'<path d="M0 {middle:g}H{_WIDTH}" class="axis"/>']
  drawn += [
      f'<circle cx="{place(v):.1f}" cy="{middle:g}" r="3"/>' for v in finite
  ]
  if len(finite) > 1:
    mean = place(float(np.mean(finite)))
    drawn.append(f'<path d="M{mean:.1f} 1V{_HEIGHT - 1}" class="mean"/>')
  told = ', '.join(f'{v:.4g}' for v in values)
  return (
      f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}"'
      f' height="{_HEIGHT}" role="img" aria-label="By seed: {told}">'
      f'{"".join(drawn)}</svg>'
  )


def text(value: Any) -> str:
  """Returns any value as text that HTML takes for nothing else.

  What UTF-8 cannot write, half a pair of surrogates, becomes '?'.
  """
  return html.escape(str(value).encode('utf-8', 'replace').decode())

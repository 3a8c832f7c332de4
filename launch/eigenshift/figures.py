"""The figures of `launch.eigenshift`."""

from matplotlib import figure
import numpy as np

from launch.eigenshift.config import Config
from nmlib import train
from nmlib.analysis.interpretability import expert_changes


def draw(config: Config, found) -> dict[str, figure.Figure]:
  """Returns the report's figures by name."""
  return {
      'trade_off': _trade_off(config, found),
      'components': _components(config, found),
      'stability': _stability(found),
  }


def _trade_off(config, found) -> figure.Figure:
  """Marked words against perplexity, a line a method, as tried."""
  made, axes = train.figures.subplots(
      height=4.2, title='Marked words against perplexity, mean over seeds'
  )
  strengths = len(config.components)
  rise, rate = (
      100 * (found[f'tried {k}'] / found[f'tried {k}'][:, :1] - 1).mean(0)
      for k in ('sentences', 'rate')
  )
  looks = train.figures.styles((*expert_changes.NAMES, 'random components'))
  several = len(expert_changes.NAMES)
  for i, (name, look) in enumerate(looks.items()):
    rows = slice(i, None if i == several else i + 1)
    of = lambda x, r=rows: x[1:].reshape(-1, strengths)[r].mean(0)
    x, y = (np.concatenate([[0], of(z)]) for z in (rise, rate))
    order = np.argsort(x)
    look = look | {'ls': '--' if i == several else '-'}
    axes.plot(x[order], y[order], label=name, **look)
  axes.axvline(100 * config.limit, color='0.6', ls=':', label='limit')
  axes.axhline(0, color='0.8', lw=0.8)
  axes.set(xlim=(-1, 5 * 100 * config.limit), ylim=(-70, 10))
  axes.set(xlabel='rise of perplexity of plain text (%)',
           ylabel='change of marked words (%)')  # fmt: skip
  train.figures.legend(made, columns=3)
  return made


def _components(config, found) -> figure.Figure:
  """Scores by component, and the spectrum with those that were chosen."""
  made, panels = train.figures.subplots(
      3, height=1.7, title='Components of the output, seed 0; filled: damped',
      sharex=True,
  )  # fmt: skip
  most = max(k for k, _ in config.components)
  scores = {k: found[f'score {k}'][0] for k in ('EigenShift', 'as released')}
  panels[0].bar(np.arange(len(found['spectrum'][0])), found['spectrum'][0],
                color='0.8')  # fmt: skip
  panels[0].set_ylabel('singular value')
  for i, (name, score) in enumerate(scores.items()):
    best = np.argsort(-score)[:most]
    panels[0].plot(best, found['spectrum'][0][best], 'ov'[i], color=f'C{i}',
                   label=name)  # fmt: skip
    panels[1 + i].bar(np.arange(len(score)), score, color='0.8')
    panels[1 + i].bar(best, score[best], color=f'C{i}')
    panels[1 + i].axhline(0, color='0.6', lw=0.8)
    panels[1 + i].set_ylabel(f'score,\n{name}')
  panels[0].legend()
  panels[2].set_xlabel('component, largest singular value first')
  return made


def _stability(found) -> figure.Figure:
  """AUROC in one corpus against the other."""
  made, panels = train.figures.subplots(
      1, 2, height=3.0, title='AUROC in two corpora without a common word'
  )
  for axes, name in zip(panels, ('neurons', 'layers'), strict=True):
    area = found[f'area {name}']
    rho = found[f'rho {name}'].mean()
    axes.plot(*area.swapaxes(0, 1).reshape(2, -1), '.', color='C0', alpha=0.3,
              ms=3 if name == 'neurons' else 6)  # fmt: skip
    low = area.min()
    axes.plot([low, 1], [low, 1], color='0.6', lw=0.8)
    axes.set(title=f'{name}: rank correlation {rho:.2f}', xlabel='first corpus')
  panels[0].set_ylabel('second corpus')
  return made

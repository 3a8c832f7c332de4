"""The figure of `launch.bdh.scaling`."""

from matplotlib import figure
import numpy as np

from nmlib import train


def draw(counts, losses) -> dict[str, figure.Figure]:
  """Returns loss by parameters, a dot a seed, and the fitted lines."""
  made, axes = train.figures.subplots(height=3.4)
  for name, style in train.figures.styles(list(losses)).items():
    loss, log = np.asarray(losses[name]), np.log2(counts[name])
    for seed in loss.T:
      axes.plot(counts[name], seed, '.', color=style['color'], alpha=0.7)
    line = np.polyval(np.polyfit(log, loss.mean(1), 1), log)
    axes.plot(counts[name], line, color=style['color'], label=name)
  axes.set_xscale('log', base=2)
  ticks = counts['BDH']
  axes.set_xticks(ticks, [f'{n / 1e6:.3g}M' for n in ticks])
  axes.minorticks_off()
  axes.set(xlabel='parameters', ylabel='validation loss (nats a byte)')
  axes.set_title('A dot a seed; lines: fitted to the means')
  axes.legend()
  return {'scaling': made}

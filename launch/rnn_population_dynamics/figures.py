"""The figures of `launch.rnn_population_dynamics`."""

from matplotlib import figure

from launch.rnn_population_dynamics.config import Config
from nmlib import train


def draw(config: Config, circuits, measured):
  """Returns the report's figures by name; arguments as of `report.make`."""
  return {
      'fractions': _fractions(config, measured),
      'spectra': _spectra(config, circuits, measured),
      'noise': _noise(config, measured),
  }


def _fractions(config, measured) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 3, height=2.7,
      title='Held-out conditions; mean and range over circuits',
  )  # fmt: skip
  titles = {
      'unsampled': 'R² of unsampled neurons',
      'test_r2': 'R² of the output',
      'procrustes': 'Procrustes similarity',
  }
  for axes, (key, title) in zip(panels, titles.items(), strict=True):
    for rule, found in measured.items():
      train.figures.curve(
          axes, config.fractions, found[key].T, label=rule, marker='o'
      )
    lowest = min(found[key].min() for found in measured.values())
    axes.set_ylim(max(lowest - 0.05, -0.5), 1.02)
    axes.set(title=title, xlabel='sampled fraction')
  train.figures.legend(made)
  return made


def _spectra(config, circuits, measured) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 3, height=2.6, title='Eigenvalues of circuit 1 and its students'
  )
  clouds = [
      ('circuit', f'{w} optimisation', circuits[w]) for w in ('before', 'after')
  ]
  for rule, found in measured.items():
    spectra = dict(
        zip(config.fractions, found['spectrum'].swapaxes(0, 1), strict=True)
    )
    clouds += [(rule, config.name(f), spectra[f]) for f in (0.0, config.asked)]
  for i, (title, label, values) in enumerate(clouds):
    axes, one = panels[i // 2], values[0]
    colour = f'C{i if i < 4 else i - 2}'
    axes.plot(one.real, one.imag, '.', label=label, color=colour)
    axes.set(title=title, xlabel='real part')
  for axes in panels:
    axes.axvline(1, color='0.4', ls='--', lw=1, label='unstable beyond')
  panels[0].set_ylabel('imaginary part')
  train.figures.legend(made)
  return made


def _noise(config, measured) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 2, height=2.7, sharey=True,
      title='Output in held-out conditions, with noise in every state',
  )  # fmt: skip
  for axes, (rule, found) in zip(panels, measured.items(), strict=True):
    for i, fraction in enumerate(config.fractions):
      axes.plot(
          config.noise, found['noisy'][:, i].mean(0), marker='o',
          label=config.name(fraction),
      )  # fmt: skip
    axes.set(title=rule, xlabel='standard deviation of the noise, a step')
    axes.set_ylim(0, 1.02)
  panels[0].set_ylabel('R²')
  train.figures.legend(made)
  return made

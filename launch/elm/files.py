"""Measures and report of `launch.elm` where it trains on NeuronIO's files."""

import functools

import jax
from matplotlib import figure
import numpy as np

from launch.elm.config import Config
from nmlib import train
from nmlib.data.recordings import neuronio_windows
from nmlib.networks import single_neuron
from nmlib.neurons import elm

# Stored runs of the authors, of their first code and of 2026 (with the cell of
# the ELM Network), by memory units: test AUC in 1e-4, test RMSE in uV.
_UNITS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 50, 100)
_AUC = {
    1: (9437, 9582, 9558, 9757, 9827, 9878, 9915, 9922, 9926, 9934, 9935),
    3: (9509, 9708, 9818, 9861, 9902, 9923, 9929, 9930, 9936, 9939),
}
_RMSE = {
    1: (1332, 1085, 976, 811, 795, 698, 663, 638, 628, 601, 614),
    3: (1038, 937, 763, 714, 685, 641, 624, 620, 602, 593),
}


def authors(version: int) -> dict[int, list[float]]:
  """Returns test AUC and RMSE (mV) of the authors' runs, by memory units."""
  auc, rmse = np.array(_AUC[version]) / 1e4, np.array(_RMSE[version]) / 1e3
  units = _UNITS[-len(auc) :]
  return dict(zip(units, np.stack([auc, rmse], 1).tolist(), strict=True))


def measure(
    params: elm.Params, test: list[str], made: single_neuron.Network,
    config: Config,
) -> dict[str, np.ndarray]:  # fmt: skip
  """Returns the authors' metrics of every seed [S], over all files."""
  found = neuronio_windows.metrics(
      functools.partial(single_neuron.predict, network=made), params, test,
      window=config.length, burn_in=config.files.burn_in,
      ignore=config.files.ignore, max_spikes=config.files.max_spikes,
  )  # fmt: skip
  dead = jax.vmap(lambda one: elm.num_dead_synapses(one, made[1]))(params)
  return found | {'dead synapses': np.asarray(dead)}


def make(config: Config, found, learn, test) -> train.Report:
  """Holds each variant against the authors' run of its size."""
  theirs = authors(config.files.version)
  claims = [
      train.Claim(
          f'{count} memory units: spike AUC within 0.001 and soma RMSE within'
          " 0.02 mV of the authors' run, or better",
          'table of NeuronIO, stored runs',
          'AUC {}, RMSE {} mV'.format(*theirs[count]),
          {'AUC': one['AUC'], 'RMSE': one['soma_RMSE']},
          one['AUC'].mean() >= theirs[count][0] - 0.001
          and one['soma_RMSE'].mean() <= theirs[count][1] + 0.02,
          compared='in the mean',
      )
      for count, one in found.items()
      if count in theirs
  ]
  rows = {str(count): one for count, one in found.items()}
  return train.Report(
      claims=claims,
      data={
          part: f'{len(paths)} files in {config.neuronio}/{part}'
          for part, paths in (('train', learn), ('test', test))
      },
      differences=[
          f'{config.loop.num_steps} steps of {config.loop.batch_size} windows'
          f' of {config.length} ms (35 x 10,000 steps of 8 windows of 500 ms).',
          'The last weights are measured, as theirs are, whose copy of the best'
          ' ones was not one.',
      ],
      tables={'NeuronIO, test': train.Table(rows, 'memory units')},
      figures={'auc': _figure(found, theirs)},
  )


def _figure(found, theirs) -> figure.Figure:
  """AUC of every seed against the authors' runs, by memory units."""
  made, axes = train.figures.subplots(height=3.2)
  auc = [value for value, _ in theirs.values()]
  axes.semilogx(list(theirs), auc, 'k.-', label='theirs')
  for count, one in found.items():
    axes.plot([count] * len(one['AUC']), one['AUC'], 'o', color='C0')
  axes.set(xlabel='memory units', ylabel='AUC of spikes')
  axes.set_title('NeuronIO, test')
  axes.legend()
  return made

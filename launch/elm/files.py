"""The part of `launch.elm` that trains on NeuronIO's own files."""

import dataclasses
import functools

import grain
import jax
import jax.numpy as jnp
from matplotlib import figure
import numpy as np

from launch.elm.config import Config
from nmlib import train
from nmlib.analysis.spikes import prediction
from nmlib.analysis.spikes import windows
from nmlib.data.recordings import neuronio
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


def settings(config: Config) -> Config:
  """Returns the settings of the training that is followed."""
  rerun = config.files.version == 3
  return dataclasses.replace(
      config, spike_bias=-5.0 if rerun else None, clip=1.0 if rerun else 0.0
  )


def paths(config: Config) -> tuple[list[str], list[str]]:
  """Returns the files to learn from and to be tested on."""
  folder = config.neuronio
  return neuronio.files(f'{folder}/train'), neuronio.files(f'{folder}/test')


def student(num_memory: int, test: list[str], config: Config) -> elm.Config:
  """Returns the Branch-ELM of the paper, or of the authors' run of 2026."""
  sizes = config.files
  later = {
      'high_pass_tau': 0.0,
      'trace_tau': 5.0,
      'positive_synapses': True,
      'synapse_init': 'constant',
      'synapse_value': 0.5 / sizes.synapses_per_branch**0.5,
  }
  return elm.version(
      sizes.version,
      num_inputs=neuronio.read(test[0]).inputs.shape[2],
      num_outputs=2,
      num_memory=num_memory,
      num_branches=sizes.num_branches,
      synapses_per_branch=sizes.synapses_per_branch,
      routing='neuronio',
      tau_max=config.tau_max,
      **(later if sizes.version == 3 else {}),
  )


def windows_of(learn: list[str], config: Config) -> grain.MapDataset:
  """Returns windows of the files, as many as the training takes."""
  loop = config.loop
  return grain.MapDataset.source(
      neuronio.Windows(
          learn,
          seed=0,
          num_examples=loop.num_steps * config.num_seeds * loop.batch_size,
          rows_per_file=config.files.rows_per_file,
          window=config.length,
          ignore=config.files.ignore,
      )
  )


def measure(
    params: elm.Params,
    test: list[str],
    made: single_neuron.Network,
    config: Config,
) -> dict[str, np.ndarray]:
  """Returns the authors' metrics of every seed [S], over all files."""
  sizes = config.files
  one = functools.partial(single_neuron.apply, network=made)
  model = jax.jit(jax.vmap(one, in_axes=(None, 0)))

  def predicted(path, params):
    recordings = neuronio.read(path)
    out = windows.predict(
        lambda x: np.asarray(model(params, jnp.asarray(x))),
        recordings.inputs,
        window=config.length,
        burn_in=sizes.burn_in,
    )
    voltage = np.minimum(recordings.voltage, neuronio.VOLTAGE_CEILING)
    raw = neuronio.voltage_of(out[..., 1])
    return recordings.spikes, out[..., 0], voltage, raw

  rows = []
  for seed in range(config.num_seeds):
    own = jax.tree.map(lambda leaf, s=seed: leaf[s], params)
    found = prediction.metrics_of_files(
        [predicted(path, own) for path in test],
        ignore=sizes.ignore,
        max_spikes=sizes.max_spikes,
    )
    dead = int(elm.num_dead_synapses(own, made[1]))
    rows.append(found | {'dead synapses': dead})
  return {name: np.array([row[name] for row in rows]) for name in rows[0]}


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
          bool(
              one['AUC'].mean() >= theirs[count][0] - 0.001
              and one['soma_RMSE'].mean() <= theirs[count][1] + 0.02
          ),
          compared='in the mean',
      )
      for count, one in found.items()
      if count in theirs
  ]
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
      tables={
          'NeuronIO, test': train.Table(
              {str(count): one for count, one in found.items()}, 'memory units'
          )
      },
      figures={'auc': _figure(found, theirs)},
  )


def _figure(found, theirs) -> figure.Figure:
  made, axes = train.figures.subplots(height=3.2)
  auc = [value for value, _ in theirs.values()]
  axes.semilogx(list(theirs), auc, 'k.-', label='theirs')
  for count, one in found.items():
    axes.plot([count] * len(one['AUC']), one['AUC'], 'o', color='C0')
  axes.set(
      xlabel='memory units', ylabel='AUC of spikes', title='NeuronIO, test'
  )
  axes.legend()
  return made

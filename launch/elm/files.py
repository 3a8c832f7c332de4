"""The report of `launch.elm` where it trains on NeuronIO's files."""

from matplotlib import figure

from launch.elm.config import Config
from nmlib import train
from nmlib.data.recordings import neuronio_runs


def make(config: Config, found, learn, test) -> train.Report:
  """Holds each variant against the authors' run of its size."""
  theirs = neuronio_runs.by_memory_units(config.files.version)
  claims = [
      train.Claim(
          f'{count} memory units: spike AUC within 0.001 and soma RMSE within'
          " 0.02 mV of the authors' run, or better",
          'table of NeuronIO, stored runs',
          f'AUC {theirs[count].auc}, RMSE {theirs[count].rmse} mV',
          {'AUC': one['AUC'], 'RMSE': one['soma_RMSE']},
          one['AUC'].mean() >= theirs[count].auc - 0.001
          and one['soma_RMSE'].mean() <= theirs[count].rmse + 0.02,
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
  auc = [run.auc for run in theirs.values()]
  axes.semilogx(list(theirs), auc, 'k.-', label='theirs')
  for count, one in found.items():
    axes.plot([count] * len(one['AUC']), one['AUC'], 'o', color='C0')
  axes.set(xlabel='memory units', ylabel='AUC of spikes')
  axes.set_title('NeuronIO, test')
  axes.legend()
  return made

"""The report of `launch.elm`: orderings of variants, beside the paper's."""

from collections.abc import Iterator

from launch.elm import figures
from launch.elm.config import Config
from nmlib import train
from nmlib.data.recordings import neuronio_runs

_TEACHERS = {
    'cable': 'neuron of compartments with Hodgkin-Huxley channels',
    'pyramidal': 'reduced pyramidal neuron',
}
_TEN, _EXPLAINED = 'd_m 10', 'explained_variance'
# What is said; better, worse, by which metric; margin for the reduced neuron,
# set before it was trained on.
_ORDERINGS = (
    ('More memory helps', _TEN, 'd_m 3', _EXPLAINED, 0.04),
    ('One memory unit is too few', 'd_m 3', 'd_m 1', _EXPLAINED, 0.04),
    ('Slow units are needed', _TEN, 'd_m 10, tau 1-5', _EXPLAINED, 0.02),
    ('Integration is nonlinear', _TEN, 'd_m 10, linear', _EXPLAINED, 0.03),
    ('Input acts faster than memory', _TEN, 'd_m 10, lambda 1', _EXPLAINED, 0),
    ('Spikes follow', _TEN, 'd_m 3', 'auc', 0),
    ('Spikes follow', 'd_m 3', 'd_m 1', 'auc', 0),
    ('ELM above an LSTM', _TEN, 'lstm', _EXPLAINED, 0),
    ('ELM above a chrono LSTM', _TEN, 'chrono lstm', _EXPLAINED, 0),
    ('ELM above a temporal convolutional network', _TEN, 'tcn', _EXPLAINED, 0),
)
_STORED = {
    f'd_m {count}': run._asdict()
    for count, run in neuronio_runs.by_memory_units(1).items()
}
_COLUMNS = {
    'learned parameters': 'parameters', 'explained variance': _EXPLAINED,
    'AUC': 'auc', 'RMSE, mV': 'rmse',
}  # fmt: skip
_CITED = {
    'lstm': 'about 266,000 parameters in place of 8,002, as cited',
    'tcn': 'about 10 million parameters in place of 8,002',
}


def make(config: Config, test, found) -> train.Report:
  """Holds what was measured of each variant, on `test`, against the claims."""
  teacher, loop = _TEACHERS[config.simulator], config.loop
  rate = 1000 * float(test['spikes'][:, config.ignore :].mean())
  rows = {
      name: {title: one[key] for title, key in _COLUMNS.items()}
      for name, one in found.items()
  }
  return train.Report(
      claims=[*claims(found, config)],
      data={
          'teacher': teacher,
          'test': f'{config.test_trials} trials of {config.test_length} ms',
          'mean rate': f'{rate:.1f} Hz',
      },
      differences=[
          f'The teacher is a {teacher}, of {config.neuron.num_inputs} synapses,'
          ' not the detailed L5 model of NeuronIO (1278 synapses, active'
          ' dendrites); how nonlinear its dendrites are is our choice.',
          f'{loop.num_steps} steps of {loop.batch_size} recordings of'
          f' {config.length} ms.',
          'Predicted voltages are measured as they are, not aligned to the'
          ' mean and variance of the target.',
      ],
      tables={'Test recordings': train.Table(rows, 'variant')},
      figures=figures.draw(test, found),
  )


def claims(found, config: Config) -> Iterator[train.Claim]:
  """Orders variants by their means over seeds, where both are there.

  A gap counts if it is above the spread over seeds; for the reduced neuron, if
  it is above a margin.
  """
  for text, better, worse, metric, margin in _ORDERINGS:
    if not {better, worse} <= found.keys():
      continue
    ours, theirs = found[better][metric], found[worse][metric]
    by = f' by {margin}' if margin else ''
    if config.simulator == 'cable':
      both = [v.var(ddof=1) for v in (ours, theirs) if v.size > 1]
      margin, by = sum(both) ** 0.5, ' by more than their spread over seeds'
    paper = _CITED.get(worse, '')
    if {better, worse} <= _STORED.keys():
      stored = f'{_STORED[better][metric]} above {_STORED[worse][metric]}'
      paper = f'{stored}, stored runs on NeuronIO'
    yield train.higher(
        f'{text}: {metric} of {better} above {worse}{by}', {better: ours},
        {worse: theirs}, by='mean', margin=margin,
        source='section 4, ablations on NeuronIO', paper=paper,
    )  # fmt: skip

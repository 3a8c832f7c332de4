"""Claims and figures of `launch.elm_neuronio`."""

from typing import Any

from matplotlib import figure
import numpy as np

from nmlib import train


def report(
    config: Any,
    test: dict[str, np.ndarray],
    found: dict[str, dict[str, np.ndarray]],
    sizes: dict[str, int],
    teacher: str,
    scale: float,
) -> train.Report:
  """Holds what was measured against the claims."""
  rate = 1000 * float(test['spikes'][:, config.ignore :].mean())
  return train.Report(
      claims=_claims(found, config.simulator == 'pyramidal'),
      data={
          'teacher': teacher,
          'test': f'{config.test_trials} trials of {config.test_length} ms',
          'mean rate': f'{rate:.1f} Hz',
      },
      differences=[
          f'The teacher is a {teacher}, of'
          f' {config.neuron.num_inputs} synapses, not the detailed L5 model of'
          ' NeuronIO (1278 synapses, active dendrites); how nonlinear its'
          ' dendrites are is our choice.',
          f'{config.num_steps} steps of {config.batch_size} recordings of'
          f' {config.length} ms.',
          'Predicted voltages are measured as they are, not aligned to the'
          ' mean and variance of the target.',
      ],
      figures={
          'variants': _bars(found),
          'example': _example(test, found, scale),
      },
      notes={
          'Learned parameters': '\n'.join(
              f'{name}: {size}' for name, size in sizes.items()
          )
      },
  )


def _claims(found, reduced: bool) -> list[train.Claim]:
  """Orders variants by their means over seeds.

  Margins of the reduced neuron were set before it was trained on. For the
  other a gap counts if it is above the spread over seeds.
  """

  def claim(
      text,
      better,
      worse,
      margin=0.0,
      metric='explained_variance',
      paper='',
  ):
    if better not in found or worse not in found:
      return None  # the config left a variant out
    ours = {name: found[name][metric] for name in (better, worse)}
    gap = ours[better].mean() - ours[worse].mean()
    by = f'by {margin}' if margin else ''
    if not reduced:
      margin = sum(v.var(ddof=1) for v in ours.values() if v.size > 1) ** 0.5
      by = 'by more than their spread over seeds'
    return train.Claim(
        f'{text}: {metric} of {better} above {worse} {by}'.rstrip()
        + ', mean of seeds',
        'section 4, ablations on NeuronIO',
        paper,
        ours,
        bool(gap > margin),
    )

  ten = 'd_m 10'
  claims = [
      claim(
          'More memory helps',
          ten,
          'd_m 3',
          0.04,
          paper='0.948 above 0.899, stored runs on NeuronIO',
      ),
      claim(
          'One memory unit is too few',
          'd_m 3',
          'd_m 1',
          0.04,
          paper='0.899 above 0.811, stored runs on NeuronIO',
      ),
      claim('Slow units are needed', ten, 'd_m 10, tau 1-5', 0.02),
      claim('Integration is nonlinear', ten, 'd_m 10, linear', 0.03),
      claim('Input acts faster than memory', ten, 'd_m 10, lambda 1'),
      claim(
          'Spikes follow',
          ten,
          'd_m 3',
          metric='auc',
          paper='0.9878 above 0.9558, stored runs on NeuronIO',
      ),
      claim(
          'Spikes follow',
          'd_m 3',
          'd_m 1',
          metric='auc',
          paper='0.9558 above 0.9437, stored runs on NeuronIO',
      ),
      claim(
          'ELM above an LSTM',
          ten,
          'lstm',
          paper='about 266,000 parameters in place of 8,002, as cited',
      ),
      claim('ELM above a chrono LSTM', ten, 'chrono lstm'),
      claim(
          'ELM above a temporal convolutional network',
          ten,
          'tcn',
          paper='about 10 million parameters in place of 8,002',
      ),
  ]
  return [made for made in claims if made is not None]


def _bars(found) -> figure.Figure:
  """Explained variance and AUC of every variant, a dot a seed."""
  plot = figure.Figure(figsize=(9, 3.8))
  for axes, metric, label in zip(
      plot.subplots(1, 2, sharey=True),
      ('explained_variance', 'auc'),
      ('explained variance of V', 'area under the ROC curve of spikes'),
      strict=True,
  ):
    for place, name in enumerate(found):
      values = found[name][metric]
      axes.plot(values, np.full(len(values), place), 'o', color='tab:blue')
      axes.plot(values.mean(), place, '|', color='black', ms=16)
    axes.set_yticks(range(len(found)), list(found))
    axes.set(xlabel=label)
    axes.grid(axis='x', alpha=0.3)
  plot.axes[0].invert_yaxis()
  plot.suptitle('Test recordings; a dot a seed, a bar their mean')
  plot.tight_layout()
  return plot


def _example(test, found, scale) -> figure.Figure:
  """Voltage of the first test recording, and what two variants make of it."""
  plot = figure.Figure(figsize=(9, 3.2))
  axes = plot.subplots()
  predicted = next(iter(found.values()))['example']
  time = np.arange(test['voltage'].shape[1])[-len(predicted) :]
  axes.plot(time, test['voltage'][0, time], color='black', lw=1, label='neuron')
  for name, colour in (('d_m 10', 'tab:blue'), ('d_m 1', 'tab:orange')):
    if name not in found:
      continue
    voltage = scale * found[name]['example'][:, 1]
    axes.plot(time, voltage, color=colour, lw=1, label=name)
  axes.set(xlabel='ms', ylabel='voltage above rest (mV)')
  axes.legend(frameon=False, fontsize=8, ncols=3)
  return plot

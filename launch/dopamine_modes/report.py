"""The report of `launch.dopamine_modes`: the abstract's statements and ours."""

import functools
from typing import Any

import numpy as np

from launch.dopamine_modes import figures
from launch.dopamine_modes.config import MODES
from launch.dopamine_modes.config import Config
from nmlib import train

_OWN = 'own experiment'
_SWEPT = {
    'angle': 'angle (degrees)',
    'foundation_steps': 'length of pretraining (steps)',
}
_MOST: dict[str, Any] = {'by': 'seed', 'need': 0.8}
_higher = functools.partial(train.higher, **_MOST)
_lower = functools.partial(train.lower, **_MOST)


def make(config: Config, results, hardened, sweeps, bases) -> train.Report:
  """Holds what was measured against the abstract's statements.

  Measured were each way to adapt (`results`), the plain and the sparsest gates
  `hardened`, ways by value of each field in `sweeps`, and `bases` of modes.
  """
  plain = hardened['mode_gate']
  swept = {
      _SWEPT[name]: {f'{value:g}': _row(by[value]) for value in sorted(by)}
      for name, by in sweeps.items()
      if len(by) > 1
  }
  claims = _accuracy(results) + _gates(config, results, plain)
  claims += [_sweep(name, rows) for name, rows in swept.items()]
  for name, found in bases.items():
    claims += _base(config, name, found)
  differences = [
      'upright_* start from a base that never saw rotated digits.',
      "The gate's formula, widths and training are our reading: the paper's"
      ' abstract gives no more than the task and the order of the results.',
  ]
  if config.source == 'digits':
    differences.append('8 x 8 digits (1,000 to learn from), not MNIST.')
  tables = {
      'All ways to adapt': train.adapted.ways(results, MODES, 'digits'),
      'Hardened gates': train.adapted.hardened(hardened),
  }
  for name, rows in swept.items():
    tables[f'By {name}'] = train.Table(rows, 'value')
  tables['Several modes of one base'] = train.adapted.modes(
      bases, [f'{angle:g}°' for angle in config.angles], 'base, angle'
  )
  names = [f'{angle:.0f}°' for angle in config.angles]
  return train.Report(
      claims=claims, differences=differences, tables=tables,
      data={
          'source': config.source, 'angle': config.angle,
          'angles of several modes': config.angles,
      },
      figures=figures.draw(results, plain, swept, bases, names),
  )  # fmt: skip


def _row(found) -> dict[str, np.ndarray]:
  """Accuracies at one angle, or of one length of pretraining."""
  gates = found['mode_gate']
  return {
      'frozen': found['frozen']['rotated'], 'gates': gates['rotated'],
      'hard': gates['hard'], 'LoRA 8': found['lora_8']['rotated'],
      'gates, upright': gates['upright'],
  }  # fmt: skip


def _accuracy(results) -> list[train.Claim]:
  """What each way to adapt reaches, and forgets."""
  of = lambda name, way, what='rotated': {name: results[way][what]}
  frozen, lora = of('frozen', 'frozen'), of('lora_8', 'lora_8')
  return [
      train.ordered(
          'The order of the abstract, frozen < hard gates < LoRA of rank 8 on'
          ' rotated digits',
          frozen | of('gates_hard', 'mode_gate', 'hard') | lora,
          source='abstract', **_MOST,
      ),
      _higher(
          'LoRA of rank 8 is more accurate than soft gates too', lora,
          of('gates_soft', 'mode_gate'), source='abstract',
      ),
      _lower(
          'Gates train fewer than a quarter of the parameters of LoRA rank 8',
          of('gates', 'mode_gate', 'trainable'),
          of('lora_8', 'lora_8', 'trainable'), times=0.25, source='abstract',
      ),
      train.ordered(
          'Frozen < biases alone < soft gates',
          frozen | of('bitfit', 'bitfit') | of('gates', 'mode_gate'),
          source='own comparison', **_MOST,
      ),
      _higher(
          'Gates forget less: upright accuracy more than 0.2 above LoRA of'
          ' rank 4', of('gates', 'mode_gate', 'upright'),
          of('lora_4', 'lora_4', 'upright'), margin=0.2,
          also=of('before', 'frozen', 'upright'), source='own comparison',
      ),
      _lower(
          'On a base that never saw rotated digits gates reach less than LoRA'
          ' of rank 8', of('gates', 'upright_mode_gate'),
          of('lora_8', 'upright_lora_8'), also=of('frozen', 'upright_frozen'),
          source='abstract: limitation',
      ),
  ]  # fmt: skip


def _gates(config: Config, results, plain) -> list[train.Claim]:
  """What hard gates cost, and what they skip."""
  gate, sparse = results['mode_gate'], results[[*config.penalties][-1]]
  soft, hard, active = gate['rotated'], gate['hard'], gate['active']
  kept, fewer, same = (
      plain[f'never on: {column}'] for column in ('kept', 'FLOPs', 'same')
  )
  idle = {'frozen': results['frozen']['active']}
  idle['strongly_active'] = gate['strong']
  unhelpful = 'fitting activations is not fitting answers'
  return [
      _lower(
          'Hardening costs little: |soft - hard| < 0.03',
          {'gap': np.abs(soft - hard)}, 0.03,
          source='abstract: the gate can be hardened',
      ),
      train.higher(
          'Gates fitted to a calibration batch lose less by hardening',
          {'fitted': plain['calibrated']}, {'hard': hard}, by='mean',
          also={'soft': soft}, source=_OWN,
          because=unhelpful if config.source == 'digits' else '',
      ),
      _lower(
          'Gates are partly sparse as they are: active fraction below 0.65',
          {'gates': active}, 0.65, also=idle,
          source='abstract: partial activation sparsity',
      ),
      _lower(
          'A penalty makes gates sparse: active fraction below 0.35',
          {'penalised': sparse['active']}, 0.35,
          also={'without': active, 'accuracy_hard': sparse['hard']},
          source='abstract: a minority of units strongly active',
      ),
      train.Claim(
          'Skipped neurons are skipped: counted FLOPs below the base, and the'
          ' same answers on more than 99 % of test images',
          'abstract: conditional computation', '',
          {'flop_ratio': fewer, 'kept_neurons': kept, 'agreement': same},
          bool((fewer < 1).all() and same.mean() > 0.99),
      ),
  ]  # fmt: skip


def _sweep(name: str, rows) -> train.Claim:
  """The order of the abstract at every angle, or length of pretraining."""
  settings = [
      {'frozen': r['frozen'], 'gates_hard': r['hard'], 'lora_8': r['LoRA 8']}
      for r in rows.values()
  ]
  return train.ordered_everywhere(
      'Frozen < hard gates < LoRA of rank 8 in the mean over seeds, at each'
      f' {name} of {", ".join(rows)}', settings, source=_OWN,
  )  # fmt: skip


def _base(config: Config, name: str, found) -> list[train.Claim]:
  """What a mode for each angle does for one base, means over modes."""
  frozen, told, inferred, selector, full = (
      found[what].mean(1)
      for what in ('frozen', 'hard', 'selected', 'selector', 'full in sequence')
  )
  unclear = name == 'convolutional' and config.source == 'digits'
  return [
      _higher(
          f'{name}, {len(config.angles)} angles: a mode each beats the'
          ' frozen base, mean over modes',
          {'gates_hard': told}, {'frozen': frozen}, source=_OWN,
      ),
      _higher(
          f'{name}: the mode inferred from one image costs less than 0.05,'
          ' mean over modes', {'inferred': inferred}, {'told': told},
          margin=-0.05, also={'selector': selector}, source=_OWN,
      ),
      train.higher(
          f'{name}: the modes end above full fine-tuning on one angle after'
          ' the other, mean over angles', {'gates_hard': told}, {'full': full},
          by='interval', also={'difference': told - full}, source=_OWN,
          because='the lead is smaller than its spread' * unclear,
      ),
  ]  # fmt: skip

"""The report of `launch.dopamine_modes`: the abstract's statements and ours."""

import functools
from typing import Any

import numpy as np

from launch.dopamine_modes import figures
from launch.dopamine_modes import tables
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
  sweeps = {
      _SWEPT[name]: dict(sorted(by_value.items()))
      for name, by_value in sweeps.items()
      if len(by_value) > 1
  }
  claims = accuracy_claims(results) + gate_claims(config, results, plain)
  shown = {
      'All ways to adapt': tables.methods(results),
      'Hardened gates': tables.hardened(hardened),
  }
  for name, found in sweeps.items():
    claims.append(sweep_claim(name, found))
    shown[f'By {name}'] = tables.sweep(found)
  for name, found in bases.items():
    claims += base_claims(config, name, found)
  shown['Several modes of one base'] = tables.bases(config, bases)
  return train.Report(
      claims=claims, differences=differences(config), tables=shown,
      data={
          'source': config.source, 'angle': config.angle,
          'angles of several modes': config.angles,
      },
      figures=figures.draw(results, plain, sweeps, bases, config.angles),
  )  # fmt: skip


def accuracy_claims(results) -> list[train.Claim]:
  """What each way to adapt reaches, and forgets."""
  frozen, gate, lora = (results[m] for m in ('frozen', 'mode_gate', 'lora_8'))
  start, soft = {'frozen': frozen['rotated']}, gate['rotated']
  bitfit, lora_4 = results['bitfit']['rotated'], results['lora_4']['upright']
  top = {'lora_8': lora['rotated']}
  return [
      train.ordered(
          'The order of the abstract, frozen < hard gates < LoRA of rank 8 on'
          ' rotated digits',
          start | {'gates_hard': gate['hard']} | top,
          source='abstract', **_MOST,
      ),
      _higher(
          'LoRA of rank 8 is more accurate than soft gates too',
          top, {'gates_soft': soft}, source='abstract',
      ),
      _lower(
          'Gates train fewer than a quarter of the parameters of LoRA rank 8',
          {'gates': gate['trainable']}, {'lora_8': lora['trainable']},
          times=0.25, source='abstract',
      ),
      train.ordered(
          'Frozen < biases alone < soft gates',
          start | {'bitfit': bitfit, 'gates': soft},
          source='own comparison', **_MOST,
      ),
      _higher(
          'Gates forget less: upright accuracy more than 0.2 above LoRA of'
          ' rank 4',
          {'gates': gate['upright']}, {'lora_4': lora_4}, margin=0.2,
          also={'before': frozen['upright']}, source='own comparison',
      ),
      _lower(
          'On a base that never saw rotated digits gates reach less than LoRA'
          ' of rank 8',
          {'gates': results['upright_mode_gate']['rotated']},
          {'lora_8': results['upright_lora_8']['rotated']},
          also={'frozen': results['upright_frozen']['rotated']},
          source='abstract: limitation',
      ),
  ]  # fmt: skip


def gate_claims(config: Config, results, plain) -> list[train.Claim]:
  """What hard gates cost, and what they skip."""
  gate, sparse = results['mode_gate'], results[config.sparse_methods()[-1]]
  soft, hard, active = gate['rotated'], gate['hard'], gate['active']
  kept, fewer, same = (
      plain[f'never on: {column}'] for column in ('kept', 'FLOPs', 'same')
  )
  small = config.source == 'digits'
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
          because='fitting activations is not fitting answers' * small,
      ),
      _lower(
          'Gates are partly sparse as they are: active fraction below 0.65',
          {'gates': active}, 0.65,
          also={'frozen': results['frozen']['active']}
          | {'strongly_active': gate['strong']},
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


def sweep_claim(name: str, by_value: dict[float, Any]) -> train.Claim:
  """The order of the abstract at every angle, or length of pretraining."""
  rows: list[Any] = [*tables.sweep(by_value).rows.values()]
  frozen, hard, lora = (
      np.array([row[column].mean() for row in rows])
      for column in ('frozen', 'hard', 'LoRA 8')
  )
  least = {
      'gates_hard - frozen, least': min(hard - frozen),
      'lora_8 - gates_hard, least': min(lora - hard),
  }
  text = (
      'Frozen < hard gates < LoRA of rank 8 in the mean over seeds, at each'
      f' {name} of {", ".join(f"{v:g}" for v in by_value)}'
  )
  return train.Claim(text, _OWN, '', least, min(least.values()) > 0)


def base_claims(config: Config, name: str, found) -> list[train.Claim]:
  """What a mode for each angle does for one base, means over modes."""
  frozen, told, inferred, selector, full = (
      found[key].mean(1)
      for key in ('frozen', 'hard', 'selected', 'selector', 'full in sequence')
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
          ' mean over modes',
          {'inferred': inferred}, {'told': told}, margin=-0.05,
          also={'selector': selector}, source=_OWN,
      ),
      train.higher(
          f'{name}: the modes end above full fine-tuning on one angle after'
          ' the other, mean over angles',
          {'gates_hard': told}, {'full': full}, by='interval',
          also={'difference': told - full}, source=_OWN,
          because='the lead is smaller than its spread' * unclear,
      ),
  ]  # fmt: skip


def differences(config: Config) -> list[str]:
  """Says how a run departs from the paper's experiment."""
  said = [
      'upright_* start from a base that never saw rotated digits.',
      "The gate's formula, widths and training are our reading: the paper's"
      ' abstract gives no more than the task and the order of the results.',
  ]
  if config.source == 'digits':
    said.append('8 x 8 digits (1,000 to learn from), not MNIST.')
  return said

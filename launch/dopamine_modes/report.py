"""The report of `launch.dopamine_modes`: the abstract's statements, and more."""

import dataclasses
import functools
from typing import Any

import numpy as np

from launch.dopamine_modes import figures
from launch.dopamine_modes.config import Config
from nmlib import train

_OWN = 'own experiment'
_SWEPT = {
    'angle': 'angle (degrees)',
    'foundation_steps': 'length of pretraining (steps)',
}
_higher = functools.partial(train.higher, by='seed', need=0.8)
_lower = functools.partial(train.lower, by='seed', need=0.8)


def make(
    config: Config,
    results: dict[str, Any],
    hardened: dict[str, Any],
    sweeps: dict[str, dict[float, Any]],
    bases: dict[str, Any],
) -> train.Report:
  """Holds what was measured against the abstract's statements.

  Args:
    config: of the launcher.
    results: measurements of each way to adapt.
    hardened: of the plain and of the sparsest gates.
    sweeps: for 'angle' and 'foundation_steps', results by value.
    bases: measurements of each base with several modes.
  """
  plain = hardened['mode_gate']
  sweeps = {
      _SWEPT[name]: dict(sorted(by_value.items()))
      for name, by_value in sweeps.items()
      if len(by_value) > 1
  }
  return train.Report(
      claims=[
          *accuracy_claims(results),
          *gate_claims(config, results, plain),
          *(sweep_claim(name, found) for name, found in sweeps.items()),
          *(
              c
              for name in bases
              for c in base_claims(config, name, bases[name])
          ),
      ],
      data={
          'source': config.source,
          'angle': config.angle,
          'angles of several modes': config.angles,
      },
      differences=differences(config),
      tables={
          'All ways to adapt': methods_table(results),
          'Hardened gates': hardened_table(hardened),
          **{
              f'By {name}': sweep_table(found) for name, found in sweeps.items()
          },
          'Several modes of one base': bases_table(config, bases),
      },
      figures=figures.draw(results, plain, sweeps, bases, config.angles),
  )


def accuracy_claims(results) -> list[train.Claim]:
  """What each way to adapt reaches, and forgets."""
  frozen, gate, lora = (results[m] for m in ('frozen', 'mode_gate', 'lora_8'))
  bitfit, lora_4 = results['bitfit'], results['lora_4']
  return [
      _ordered(
          'The order of the abstract, frozen < hard gates < LoRA of rank 8 on'
          ' rotated digits',
          'abstract',
          frozen=frozen['rotated'],
          gates_hard=gate['hard'],
          lora_8=lora['rotated'],
      ),
      _higher(
          'LoRA of rank 8 is more accurate than soft gates too',
          {'lora_8': lora['rotated']},
          {'gates_soft': gate['rotated']},
          source='abstract',
      ),
      _lower(
          'Gates train fewer than a quarter of the parameters of LoRA rank 8',
          {'gates': gate['trainable']},
          {'lora_8': lora['trainable']},
          times=0.25,
          source='abstract',
      ),
      _ordered(
          'Frozen < biases alone < soft gates',
          'own comparison',
          frozen=frozen['rotated'],
          bitfit=bitfit['rotated'],
          gates=gate['rotated'],
      ),
      _higher(
          'Gates forget less: upright accuracy more than 0.2 above LoRA of'
          ' rank 4',
          {'gates': gate['upright']},
          {'lora_4': lora_4['upright']},
          margin=0.2,
          also={'before': frozen['upright']},
          source='own comparison',
      ),
      _lower(
          'On a base that never saw rotated digits gates reach less than LoRA'
          ' of rank 8',
          {'gates': results['upright_mode_gate']['rotated']},
          {'lora_8': results['upright_lora_8']['rotated']},
          also={'frozen': results['upright_frozen']['rotated']},
          source='abstract: limitation',
      ),
  ]


def gate_claims(config: Config, results, plain) -> list[train.Claim]:
  """What hard gates cost, and what they skip."""
  frozen, gate = results['frozen'], results['mode_gate']
  sparse = results[config.sparse_methods()[-1]]
  fewer, same = plain['any_flops'] / plain['base_flops'], plain['any_agreement']
  return [
      _lower(
          'Hardening costs little: |soft - hard| < 0.03',
          {'gap': np.abs(gate['rotated'] - gate['hard'])},
          0.03,
          source='abstract: the gate can be hardened',
      ),
      train.higher(
          'Gates fitted to a calibration batch lose less by hardening',
          {'fitted': plain['calibrated']},
          {'hard': gate['hard']},
          by='mean',
          also={'soft': gate['rotated']},
          source=_OWN,
          **_not_on_digits(
              config, 'fitting activations is not fitting answers'
          ),
      ),
      _lower(
          'Gates are partly sparse as they are: active fraction below 0.65',
          {'gates': gate['active']},
          0.65,
          also={
              'frozen': frozen['active'],
              'strongly_active': gate['strongly_active'],
          },
          source='abstract: partial activation sparsity',
      ),
      _lower(
          'A penalty makes gates sparse: active fraction below 0.35',
          {'penalised': sparse['active']},
          0.35,
          also={'without': gate['active'], 'accuracy_hard': sparse['hard']},
          source='abstract: a minority of units strongly active',
      ),
      train.Claim(
          'Skipped neurons are skipped: counted FLOPs below the base, and the'
          ' same answers on more than 99 % of test images',
          'abstract: conditional computation',
          '',
          {
              'flop_ratio': fewer,
              'kept_neurons': plain['any_kept'],
              'agreement': same,
          },
          bool((fewer < 1).all() and same.mean() > 0.99),
      ),
  ]


def sweep_claim(name: str, by_value: dict[float, Any]) -> train.Claim:
  """The order of the abstract at every angle, or length of pretraining."""
  frozen, hard, lora = (
      np.array([r[method][what].mean() for r in by_value.values()])
      for method, what in (
          ('frozen', 'rotated'),
          ('mode_gate', 'hard'),
          ('lora_8', 'rotated'),
      )
  )
  least = {
      'gates_hard - frozen, least': min(hard - frozen),
      'lora_8 - gates_hard, least': min(lora - hard),
  }
  return train.Claim(
      'Frozen < hard gates < LoRA of rank 8 in the mean over seeds, at each'
      f' {name} of {", ".join(f"{v:g}" for v in by_value)}',
      _OWN,
      '',
      least,
      min(least.values()) > 0,
  )


def base_claims(config: Config, name: str, found) -> list[train.Claim]:
  """What a mode for each angle does for one base, means over modes."""
  frozen, told, inferred, selector, full = (
      found[key].mean(1)
      for key in ('frozen', 'told', 'selected', 'selector', 'sequence')
  )
  unclear = {}
  if name == 'convolutional':
    unclear = _not_on_digits(config, 'the lead is smaller than its spread')
  return [
      _higher(
          f'{name}, {len(config.angles)} angles: a mode each beats the'
          ' frozen base, mean over modes',
          {'gates_hard': told},
          {'frozen': frozen},
          source=_OWN,
      ),
      _higher(
          f'{name}: the mode inferred from one image costs less than 0.05,'
          ' mean over modes',
          {'inferred': inferred},
          {'told': told},
          margin=-0.05,
          also={'selector': selector},
          source=_OWN,
      ),
      train.higher(
          f'{name}: the modes end above full fine-tuning on one angle after'
          ' the other, mean over angles',
          {'gates_hard': told},
          {'full': full},
          by='interval',
          also={'difference': told - full},
          source=_OWN,
          **unclear,
      ),
  ]


def _ordered(text: str, source: str, **values) -> train.Claim:
  """Claims that each of three things is below the next."""
  low, middle, high = values.values()
  step = np.minimum(middle - low, high - middle)
  claim = _higher(text, {'step': step}, 0.0, source=source)
  return dataclasses.replace(claim, ours=values)


def _not_on_digits(config: Config, because: str) -> dict[str, Any]:
  """Says of a claim that it does not come out on 8 x 8 digits, and why."""
  if config.source != 'digits':
    return {}
  return {'expected': False, 'because': because}


def methods_table(results) -> train.Table:
  """Accuracy and sparsity of every way to adapt."""
  rows = {
      name: {
          'parameters': int(r['trainable']),
          'rate': float(r['learning_rate']) if r['trainable'] else '',
          **{key: r[key] for key in ('rotated', 'hard', 'upright')},
          'active': float(r['active'].mean()),
          'strong': float(r['strongly_active'].mean()),
          'never': float(r['never_on'].mean()),
          'overlap': float(r['overlap'].mean()),
      }
      for name, r in results.items()
  }
  note = (
      'Accuracy on rotated digits, there with hard gates, and on upright ones.'
      ' Means, hard gates: active, share of neurons on for a rotated image;'
      ' strong, mean |h| above half of the largest of the layer; never, on for'
      ' fewer than 1 %; overlap, of neurons on for most images of either mode,'
      ' those on for most of both (Jaccard).'
  )
  return train.Table(rows, note=note)


def hardened_table(hardened) -> train.Table:
  """What hardened gates keep, compute and answer."""
  rows = {
      f'{name}, {text}': {
          'kept': r[f'{rule}_kept'],
          'FLOPs': r[f'{rule}_flops'] / r['base_flops'],
          'same': r[f'{rule}_agreement'],
          'accuracy': r[f'{rule}_accuracy'],
      }
      for name, r in hardened.items()
      for rule, text in (('any', 'never on'), ('rare', 'on < 1 %'))
  }
  gain, threshold = (
      train.summary(hardened['mode_gate'][f'effect_of_{what}'], count=False)
      for what in ('gain', 'threshold')
  )
  note = (
      "FLOPs: the compiler's count for one image over the base's; same: answers"
      ' of the hard gates kept. Rank correlation of the effect of a neuron on'
      f' the logits (exact ablation) with |gain| {gain}, with its threshold'
      f' {threshold}.'
  )
  return train.Table(rows, label='gates, neurons removed', note=note)


def sweep_table(by_value) -> train.Table:
  """Accuracies by angle, or by length of pretraining."""
  rows = {
      f'{value:g}': {
          'frozen': r['frozen']['rotated'],
          'gates': r['mode_gate']['rotated'],
          'hard': r['mode_gate']['hard'],
          'LoRA 8': r['lora_8']['rotated'],
          'gates, upright': r['mode_gate']['upright'],
      }
      for value, r in by_value.items()
  }
  return train.Table(rows, label='value')


def bases_table(config: Config, bases) -> train.Table:
  """Accuracy of each base in each mode."""
  columns = {
      'frozen': 'frozen',
      'soft': 'soft',
      'hard': 'told',
      'full in sequence': 'sequence',
  }
  rows = {
      f'{name}, {angle:g}°': {
          'gates': int(r['trainable']),
          **{title: r[key][:, m] for title, key in columns.items()},
      }
      for name, r in bases.items()
      for m, angle in enumerate(config.angles)
  }
  return train.Table(rows, label='base, angle')


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

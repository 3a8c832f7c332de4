"""The tables of `launch.dopamine_modes`."""

from launch.dopamine_modes.config import Config
from nmlib import train
from nmlib.networks import hardening_quality


def methods(results) -> train.Table:
  """Accuracy and sparsity of every way to adapt."""
  means = ('active', 'strong', 'never', 'overlap')
  rows = {
      name: {
          'parameters': int(r['trainable']),
          'rate': float(r['learning_rate']) if r['trainable'] else '',
          **{key: r[key] for key in ('rotated', 'hard', 'upright')},
          **{key: float(r[key].mean()) for key in means},
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


def hardened(hardened) -> train.Table:
  """What hardened gates keep, compute and answer."""
  columns = ('kept', 'FLOPs', 'same', 'accuracy')
  rows = {
      f'{name}, {rule}': {column: r[f'{rule}: {column}'] for column in columns}
      for name, r in hardened.items()
      for rule in hardening_quality.RULES
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


def sweep(by_value) -> train.Table:
  """Accuracies by angle, or by length of pretraining."""
  rows = {
      f'{value:g}': {
          'frozen': r['frozen']['rotated'],
          'gates': r['mode_gate']['rotated'], 'hard': r['mode_gate']['hard'],
          'LoRA 8': r['lora_8']['rotated'],
          'gates, upright': r['mode_gate']['upright'],
      }
      for value, r in by_value.items()
  }  # fmt: skip
  return train.Table(rows, label='value')


def bases(config: Config, bases) -> train.Table:
  """Accuracy of each base in each mode."""
  columns = ('frozen', 'soft', 'hard', 'full in sequence')
  rows = {
      f'{name}, {angle:g}°': {'gates': int(r['trainable'])}
      | {column: r[column][:, m] for column in columns}
      for name, r in bases.items()
      for m, angle in enumerate(config.angles)
  }
  return train.Table(rows, label='base, angle')

"""The report of `launch.dopamine_modes`."""

from typing import Any

import numpy as np

from launch import dopamine_modes_figures
from nmlib import train

_SWEPT = {
    'angle': 'angle (degrees)',
    'foundation_steps': 'length of pretraining (steps)',
}


def make(config: Any, upright, results, extra, sweeps, several) -> train.Report:
  """Holds what was measured against the abstract's statements.

  Args:
    config: of the launcher.
    upright: the base's accuracy on upright digits, [S].
    results: measurements of each way to adapt.
    extra: measurements of the plain and of the sparsest gates, hardened.
    sweeps: for 'angle' and 'foundation_steps', results by value.
    several: measurements of each base with several modes.
  """
  frozen, gate = results['frozen'], results['mode_gate']
  need = int(np.ceil(0.8 * config.num_seeds))

  def claim(text, source, holds, **ours):
    return train.Claim(text, source, '', ours, bool(holds))

  def in_most(values):
    return np.sum(values) >= need

  most = f'in at least {need} of {config.num_seeds} seeds'
  lora = results['lora_8']
  sparsest = f'mode_gate_sparse_{config.sparse_penalties[-1]:g}'
  sparse = results[sparsest]
  plain = extra['mode_gate']
  claims = [
      claim(
          'The order of the abstract, frozen < hard gates < LoRA of rank 8 on'
          f' rotated digits, {most}',
          'abstract',
          in_most(
              (gate['hard'] > frozen['rotated'])
              & (lora['rotated'] > gate['hard'])
          ),
          frozen=frozen['rotated'],
          gates_hard=gate['hard'],
          lora_8=lora['rotated'],
      ),
      claim(
          f'LoRA of rank 8 is more accurate than soft gates too, {most}',
          'abstract',
          in_most(lora['rotated'] > gate['rotated']),
          gates_soft=gate['rotated'],
          lora_8=lora['rotated'],
      ),
      claim(
          'Gates train fewer than a quarter of the parameters of LoRA rank 8',
          'abstract',
          4 * gate['trainable'] < lora['trainable'],
          gates=[gate['trainable']],
          lora_8=[lora['trainable']],
      ),
      claim(
          f'Frozen < biases alone < soft gates, {most}',
          'own comparison',
          in_most(
              (results['bitfit']['rotated'] > frozen['rotated'])
              & (results['bitfit']['rotated'] < gate['rotated'])
          ),
          frozen=frozen['rotated'],
          bitfit=results['bitfit']['rotated'],
          gates=gate['rotated'],
      ),
      claim(
          'Gates forget less: upright accuracy more than 0.2 above LoRA of'
          f' rank 4, {most}',
          'own comparison',
          in_most(gate['upright'] > results['lora_4']['upright'] + 0.2),
          before=upright,
          gates=gate['upright'],
          lora_4=results['lora_4']['upright'],
      ),
      claim(
          'On a base that never saw rotated digits gates reach less than LoRA'
          f' of rank 8, {most}',
          'abstract: limitation',
          in_most(
              results['upright_lora_8']['rotated']
              > results['upright_mode_gate']['rotated']
          ),
          frozen=results['upright_frozen']['rotated'],
          gates=results['upright_mode_gate']['rotated'],
          lora_8=results['upright_lora_8']['rotated'],
      ),
      claim(
          f'Hardening costs little: |soft - hard| < 0.03, {most}',
          'abstract: the gate can be hardened',
          in_most(np.abs(gate['rotated'] - gate['hard']) < 0.03),
          gap=gate['rotated'] - gate['hard'],
      ),
      claim(
          'Gates fitted to a calibration batch lose less by hardening, mean'
          ' over seeds',
          'own experiment',
          plain['calibrated'].mean() > gate['hard'].mean(),
          soft=gate['rotated'],
          hard=gate['hard'],
          fitted=plain['calibrated'],
      ),
      claim(
          f'Gates are partly sparse as they are: active fraction below 0.65,'
          f' {most}',
          'abstract: partial activation sparsity',
          in_most(gate['active'] < 0.65),
          gates=gate['active'],
          frozen=frozen['active'],
          strongly_active=gate['strongly_active'],
      ),
      claim(
          f'A penalty makes gates sparse: active fraction below 0.35, {most}',
          'abstract: a minority of units strongly active',
          in_most(sparse['active'] < 0.35),
          without=gate['active'],
          penalised=sparse['active'],
          accuracy_hard=sparse['hard'],
      ),
      claim(
          'Skipped neurons are skipped: counted FLOPs below the base, and the'
          ' same answers on more than 99 % of test images',
          'abstract: conditional computation',
          (plain['any_flops'] < plain['base_flops']).all()
          and plain['any_agreement'].mean() > 0.99,
          flop_ratio=plain['any_flops'] / plain['base_flops'],
          kept_neurons=plain['any_kept'],
          agreement=plain['any_agreement'],
      ),
  ]
  for name, by_value in sweeps.items():
    if len(by_value) > 1:
      means = {
          value: [r['frozen']['rotated'].mean(), r['mode_gate']['hard'].mean(),
                  r['lora_8']['rotated'].mean()]
          for value, r in sorted(by_value.items())
      }  # fmt: skip
      claims.append(
          claim(
              'Frozen < hard gates < LoRA of rank 8 in the mean over seeds, at'
              f' each {_SWEPT[name]} of {", ".join(f"{v:g}" for v in means)}',
              'own experiment',
              all(f < g < lo for f, g, lo in means.values()),
              **{
                  'gates_hard - frozen, least': [
                      min(g - f for f, g, _ in means.values())
                  ],
                  'lora_8 - gates_hard, least': [
                      min(lo - g for _, g, lo in means.values())
                  ],
              },
          )
      )
  for name, found in several.items():
    told, sequence = found['told'].mean(1), found['sequence'].mean(1)
    gap = train.paired_interval(told, sequence)
    claims += [
        claim(
            f'{name}, {len(config.angles)} angles: a mode each beats the'
            f' frozen base, mean over modes, {most}',
            'own experiment',
            in_most(told > found['frozen'].mean(1)),
            frozen=found['frozen'].mean(1),
            gates_hard=told,
        ),
        claim(
            f'{name}: the mode inferred from one image costs less than 0.05,'
            f' mean over modes, {most}',
            'own experiment',
            in_most(told - found['selected'].mean(1) < 0.05),
            told=told,
            inferred=found['selected'].mean(1),
            selector=found['selector'].mean(1),
        ),
        claim(
            f'{name}: the modes end above full fine-tuning on one angle after'
            ' the other, mean over angles: 95 % interval of the paired'
            ' differences above 0',
            'own experiment',
            gap.low > 0,
            gates_hard=told,
            full=sequence,
            **{
                f'difference, 95 % interval [{gap.low:.4f}, {gap.high:.4f}]': (
                    told - sequence
                )
            },
        ),
    ]
  return train.Report(
      claims=claims,
      data={
          'source': config.source,
          'angle': config.angle,
          'angles of several modes': config.angles,
      },
      differences=differences(config),
      figures=dopamine_modes_figures.draw(
          results, plain, sweeps, several, config.angles
      ),
      notes={
          'All ways to adapt': table(results),
          'Hardened gates': hardened_table(extra),
          **{
              f'By {_SWEPT[name]}': sweep_table(by_value)
              for name, by_value in sweeps.items()
              if len(by_value) > 1
          },
          'Several modes of one base': several_table(config, several),
      },
  )


def table(results) -> str:
  """Returns one line a method."""
  lines = [
      'method                params    rate  rotated          hard     upright'
      '  active  strong  never  overlap'
  ]
  for name, r in results.items():
    lines.append(
        f'{name:20s} {int(r["trainable"]):7d} {float(r["learning_rate"]):7.0e}'
        f'  {r["rotated"].mean():.4f} ± {r["rotated"].std(ddof=1):.4f}'
        f'  {r["hard"].mean():.4f}  {r["upright"].mean():.4f}'
        f'   {r["active"].mean():.3f}   {r["strongly_active"].mean():.3f}'
        f'   {r["never_on"].mean():.3f}  {r["overlap"].mean():.3f}'
    )
  lines += [
      'active: share of neurons on, mean over rotated images; strong: mean |h|'
      ' above half of the',
      'largest of the layer; never: on for fewer than 1 %; overlap: of neurons'
      ' on for most images',
      'of either mode, those on for most of both (Jaccard). Hard gates.',
  ]
  return '\n'.join(lines)


def hardened_table(extra) -> str:
  """Returns what hardened gates keep, compute and answer."""
  lines = ['gates                 removed if  kept   FLOPs  same   accuracy']
  for name, r in extra.items():
    for rule, text in (('any', 'never on'), ('rare', 'on < 1 %')):
      ratio = r[f'{rule}_flops'] / r['base_flops']
      lines.append(
          f'{name:20s}  {text}    {r[f"{rule}_kept"].mean():.3f}'
          f'  {ratio.mean():.3f}  {r[f"{rule}_agreement"].mean():.3f}'
          f'  {r[f"{rule}_accuracy"].mean():.4f}'
      )
  plain = extra['mode_gate']
  lines += [
      "FLOPs: the compiler's count for one image over the base's; same: answers"
      ' of the hard gates kept.',
      "Rank correlation of a neuron's effect on the logits (exact ablation)"
      f' with |gain| {_summary(plain["effect_of_gain"])}, with its'
      f' threshold {_summary(plain["effect_of_threshold"])}.',
  ]
  return '\n'.join(lines)


def _summary(values) -> str:
  return f'{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}'


def sweep_table(by_value) -> str:
  """Returns accuracies on rotated digits, one line a value."""
  lines = ['value   frozen   gates    hard  LoRA 8  gates, upright']
  for value, r in sorted(by_value.items()):
    gate = r['mode_gate']
    lines.append(
        f'{value:5g}   {r["frozen"]["rotated"].mean():.4f}'
        f'  {gate["rotated"].mean():.4f}  {gate["hard"].mean():.4f}'
        f'  {r["lora_8"]["rotated"].mean():.4f}  {gate["upright"].mean():.4f}'
    )
  return '\n'.join(lines)


def several_table(config: Any, several) -> str:
  """Returns accuracy of each base in each mode, means over seeds."""
  lines = [
      'base          gates     angle  frozen   soft   hard  full in sequence'
  ]
  for name, r in several.items():
    for m, angle in enumerate(config.angles):
      lines.append(
          f'{name:12s} {int(r["trainable"]):6d} {angle:9.0f}'
          f'  {r["frozen"][:, m].mean():.4f} {r["soft"][:, m].mean():.4f}'
          f' {r["told"][:, m].mean():.4f}  {r["sequence"][:, m].mean():.4f}'
      )
  return '\n'.join(lines)


def differences(config: Any) -> list[str]:
  """Says how a run departs from the paper's experiment."""
  said = [
      'upright_* start from a base that never saw rotated digits.',
      "The gate's formula, widths and training are our reading: the paper's"
      ' abstract gives no more than the task and the order of the results.',
  ]
  if config.source == 'digits':
    said.append('8 x 8 digits (1,000 to learn from), not MNIST.')
  return said

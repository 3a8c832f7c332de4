"""Tables of benchmarks/README.md: BDH on TPU slices that nobody has to own.

  pip install -e '.[launch,tpu]'
  python -m benchmarks.planner

compiles the train step of `launch.bdh` (adamw, dropout 0.1, bfloat16, T 512,
one optimizer step a call) ahead of time for each slice and prints two tables
in Markdown: four sizes of model, and weak scaling at a fixed number of rows a
chip. Efficiency compares the estimated step times of a slice and the smallest
one; the estimate adds the time of collectives to that of compute or memory
(whichever is longer), as if nothing overlapped. Nothing is measured: these are
counts of a compiled program over published figures of the chips.
"""

import dataclasses
import sys

from absl import app
from absl import flags
import jax

from launch.bdh import config as config_lib
from launch.bdh import experiment
from nmlib.plan import planner
from nmlib.plan import tables
from nmlib.train.hosts import mesh as mesh_lib

_ONLY = flags.DEFINE_enum('only', None, ['sizes', 'weak'], 'One table alone.')

# name: embed_dim, num_neurons, num_heads
_MODELS = {
    '25M': (256, 32768, 4),
    '100M': (512, 65536, 8),
    '800M': (1024, 262144, 8),
    '10B': (4096, 819200, 32),
}
# model, topology, mesh, rows a step, optimizer sharded
_SIZES = (
    ('25M', 'v5e:2x4', 'data:8', 64, False),
    ('25M', 'v5e:2x4', 'data:2,model:4', 64, False),
    ('100M', 'v5e:4x4', 'data:16', 128, False),
    ('100M', 'v4:2x2x4', 'data:4,model:4', 128, False),
    ('800M', 'v6e:8x8', 'data:8,model:8', 256, False),
    ('800M', 'v5p:4x4x4', 'data:8,model:8', 256, False),
    ('10B', 'v5p:8x8x8', 'data:16,model:32', 512, False),
    ('10B', 'v5p:8x8x8', 'data:16,model:32', 512, True),
)
_WEAK = (
    ('v5p:2x2x2', 8),
    ('v5p:4x4x4', 64),
    ('v5p:8x8x8', 512),
    ('v5p:16x16x16', 4096),
)
_WEAK_MODEL, _ROWS_A_CHIP = '800M', 4


def config(model: str, rows: int) -> config_lib.Config:
  """Returns the `paper` preset with another model and batch."""
  embed_dim, num_neurons, num_heads = _MODELS[model]
  paper = config_lib.PRESETS['paper']
  return dataclasses.replace(
      paper,
      loop=dataclasses.replace(paper.loop, batch_size=rows, steps_per_call=1),
      model=dataclasses.replace(
          paper.model,
          embed_dim=embed_dim,
          num_neurons=num_neurons,
          num_heads=num_heads,
      ),
  )


def compiled(model: str, topology: str, mesh: str, rows: int, sharded: bool):
  """Plans one configuration; returns the plan and its step time in s."""
  print(f'compiling {model} for {topology} {mesh}', file=sys.stderr, flush=True)
  found = planner.plan(
      experiment.stage(config(model, rows)),
      topology,
      mesh_lib.parse(mesh),
      shard_optimizer=sharded,
  )
  busy = max(found.compute_seconds or 0.0, found.hbm_seconds or 0.0)
  return found, busy + (found.ici_seconds or 0.0)


def sizes() -> None:
  """Prints one row a model and slice."""
  print(
      '| model | slice | mesh | rows | memory a chip | into collectives'
      ' | compute, HBM, ICI | step |'
  )
  print('|---|---|---|---|---|---|---|---|')
  for model, topology, mesh, rows, sharded in _SIZES:
    try:
      found, seconds = compiled(model, topology, mesh, rows, sharded)
    except planner.TooLarge as e:
      print(f'| {model} | {topology} | {mesh} | {rows} | {e} | | | |')
      continue
    terms = (found.compute_seconds, found.hbm_seconds, found.ici_seconds)
    print(
        f'| {model} | {topology} | {mesh}{", ZeRO" if sharded else ""} | {rows}'
        f' | {_gib(found.memory_bytes)} of {_gib(found.hbm_bytes)}'
        f' | {_gib(found.collective_bytes)}'
        f' | {", ".join(f"{1e3 * (s or 0.0):.1f}" for s in terms)} ms'
        f' | {1e3 * seconds:.1f} ms |',
        flush=True,
    )


def weak() -> None:
  """Prints weak scaling, the slice growing with the batch."""
  print('\n| chips | slice | mesh | rows | memory a chip | step | efficiency |')
  print('|---|---|---|---|---|---|---|')
  first = None
  for topology, chips in _WEAK:
    mesh, rows = f'data:{chips // 8},model:8', chips * _ROWS_A_CHIP
    found, seconds = compiled(_WEAK_MODEL, topology, mesh, rows, False)
    first = first or seconds
    print(
        f'| {chips} | {topology} | {mesh} | {rows} | {_gib(found.memory_bytes)}'
        f' | {1e3 * seconds:.1f} ms | {first / seconds:.1%} |',
        flush=True,
    )


def _gib(count: float | None) -> str:
  return tables.size(count or 0.0)


def main(argv) -> None:
  del argv
  jax.config.update('jax_platforms', 'cpu')
  if _ONLY.value != 'weak':
    sizes()
  if _ONLY.value != 'sizes':
    weak()


if __name__ == '__main__':
  app.run(main)

"""Memory that training BDH on one long window takes, by form.

  python benchmarks/bdh_memory.py

Temporary memory of the compiled gradient (L6 d64 n2048, dropout 0.1, float32,
`remat='all'`), as the compiler counts it; nothing is run.
"""

from absl import app
from absl import flags
import jax
import jax.numpy as jnp

from nmlib.neurons import bdh

_LENGTHS = flags.DEFINE_list('lengths', ['8192', '16384', '32768'], 'Tokens.')


def temporary(form: str, length: int) -> float:
  """Returns MiB of the gradient of the loss of one window."""
  config = bdh.Config(num_layers=6, embed_dim=64, num_neurons=2048, remat='all')

  def loss(params, tokens, targets):
    key = jax.random.key(0)
    return bdh.loss(params, tokens, targets, config, form=form, key=key)

  params = jax.eval_shape(lambda: bdh.init(jax.random.key(0), config))
  row = jax.ShapeDtypeStruct((length,), jnp.int32)
  program = jax.jit(jax.value_and_grad(loss)).lower(params, row, row).compile()
  analysis = program.memory_analysis()
  if analysis is None:
    raise RuntimeError('this backend does not count memory; use a CPU or GPU.')
  return analysis.temp_size_in_bytes / 2**20


def main(argv):
  del argv
  for form in ('parallel', 'chunked'):
    for length in map(int, _LENGTHS.value):
      print(f'| {form} | {length} | {temporary(form, length):.0f} MiB |')


if __name__ == '__main__':
  app.run(main)

"""Makes the tests strict, and gives them eight virtual CPU devices."""

from absl import flags
import jax

flags.FLAGS.mark_as_parsed()  # lets absltest's create_tempdir() run in pytest
jax.config.update('jax_platforms', 'cpu')
jax.config.update('jax_num_cpu_devices', 8)  # sharding tests are real
jax.config.update('jax_numpy_rank_promotion', 'raise')
jax.config.update('jax_debug_key_reuse', True)
jax.config.update('jax_default_matmul_precision', 'highest')

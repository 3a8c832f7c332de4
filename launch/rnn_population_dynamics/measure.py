"""What a student that runs freely has taken over from the circuit."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.rnn_population_dynamics.config import Config
from nmlib.analysis.population import comparison
from nmlib.networks import population_matching as matching


def students(config: Config, state: Any) -> dict[str, np.ndarray]:
  """Returns measures [S, F] by name, eigenvalues [S, F, N], `noisy` [S, F, L].

  Those of `comparison.Likeness`, and R^2 of outputs, `train_r2` and `test_r2`;
  noisy is the latter under noise.
  """
  cell = config.cell

  def simulate(params, task):
    noisy = matching.noisy_r2(
        jax.random.key(0), params, task.test, cell, config.noise
    )
    rates = [matching.runs(params, part.xs, cell).rates for part in task[1:]]
    r2 = [matching.output_r2(params, part, cell) for part in task[1:]]
    wanted = jnp.concatenate([task.train.rates, task.test.rates])
    return wanted, jnp.concatenate(rates), *r2, noisy

  every = jax.jit(jax.vmap(jax.vmap(simulate)))
  wanted, rates, *scores = map(np.asarray, every(state.params, state.task))
  sampled = np.asarray(state.sampled)
  found = [
      comparison.compare(
          *pair, config.num_train, num_components=config.num_components,
          onset=config.pulse, penalty=config.penalty,
      )
      for rows in zip(wanted, rates, sampled, strict=True)
      for pair in zip(*rows, strict=True)
  ]  # fmt: skip
  columns = np.array(found).T.reshape(-1, *sampled.shape[:2])
  return {
      **dict(zip(comparison.Likeness._fields, columns, strict=True)),
      **dict(zip(('train_r2', 'test_r2', 'noisy'), scores, strict=True)),
      'spectrum': np.linalg.eigvals(np.asarray(state.params.recurrent)),
  }

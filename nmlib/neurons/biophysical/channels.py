"""Ion channels of the regular spiking cell, and the block of NMDA receptors.

Pospischil et al. (Biological Cybernetics 2008): sodium and delayed potassium
after Traub and Miles (1991), and the slow M-current. Jahr and Stevens (1990)
for magnesium. Voltages in mV, times in ms.
"""

import jax
import jax.numpy as jnp

SODIUM_REVERSAL = 50.0  # mV
POTASSIUM_REVERSAL = -90.0


def gates(
    voltage: jax.Array, shift: float, slow_tau: float
) -> list[tuple[jax.Array, jax.Array]]:
  """Returns equilibrium and time constant of the gates m, h, n, p.

  Args:
    voltage: of the membrane.
    shift: V_T, from which the rates of m, h and n count.
    slow_tau: longest time constant of p, the M-current.
  """
  v = voltage - shift
  rates = (
      (0.32 * 4 * _ratio((v - 13) / 4), 0.28 * 5 * _ratio((40 - v) / 5)),
      (0.128 * jnp.exp((17 - v) / 18), 4 / (1 + jnp.exp((40 - v) / 5))),
      (0.032 * 5 * _ratio((v - 15) / 5), 0.5 * jnp.exp((10 - v) / 40)),
  )
  u = (voltage + 35) / 20
  slow = slow_tau / (3.3 * jnp.exp(u) + jnp.exp(-u))
  return [
      *((a / (a + b), 1 / (a + b)) for a, b in rates),
      (1 / (1 + jnp.exp(-2 * u)), slow),
  ]


def magnesium_block(voltage: jax.Array, magnesium: float) -> jax.Array:
  """Returns the share of NMDA receptors that `magnesium` mM leaves open."""
  return 1 / (1 + magnesium / 3.57 * jnp.exp(-0.062 * voltage))


def _ratio(x: jax.Array) -> jax.Array:
  """x / (1 - exp(-x)), 1 at 0."""
  near = jnp.abs(x) < 1e-3
  safe = jnp.where(near, 1.0, x)
  return jnp.where(near, 1 + x / 2, safe / -jnp.expm1(-safe))

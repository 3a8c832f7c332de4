"""How far phases are in step."""

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt


def order_parameter(
    phases: jax.Array, groups: npt.ArrayLike | None = None
) -> jax.Array:
  """Returns R = |mean exp(i theta)|, in [0, 1].

  Args:
    phases: [..., N], rad.
    groups: of which group each is, int [N], from 0; None: of all together.

  Returns:
    [...], or [..., G] of each group.

  Raises:
    ValueError: if there is not one group a phase, or an empty one.
  """
  if groups is None:
    return jnp.hypot(
        jnp.mean(jnp.cos(phases), -1), jnp.mean(jnp.sin(phases), -1)
    )
  groups = np.asarray(groups)
  counts = np.bincount(groups)
  if groups.shape != phases.shape[-1:] or not counts.all():
    raise ValueError(
        f'groups must be [{phases.shape[-1]}] and have a member each from 0'
        f' on, got shape {list(groups.shape)} and sizes {counts.tolist()}.'
    )
  share = jnp.asarray(np.eye(len(counts))[groups] / counts, phases.dtype)
  return jnp.hypot(jnp.cos(phases) @ share, jnp.sin(phases) @ share)


def phase_locking_value(phases: jax.Array) -> jax.Array:
  """Returns |mean over time of exp(i (theta_i - theta_j))| [N, N], in [0, 1].

  Args:
    phases: [T, N], rad.
  """
  cosine, sine = jnp.cos(phases), jnp.sin(phases)
  real = cosine.T @ cosine + sine.T @ sine
  imaginary = sine.T @ cosine - cosine.T @ sine
  return jnp.hypot(real, imaginary) / len(phases)


def lorentzian_order(coupling: npt.ArrayLike, width: float) -> np.ndarray:
  """Returns R that Kuramoto's model comes to: sqrt(1 - K_c / K), or 0.

  Of infinitely many units that all hear all (K over their number), whose
  frequencies are Lorentzian of this half width: K_c is twice that (Kuramoto
  1975).
  """
  coupling = np.asarray(coupling, float)
  critical = 2 * width
  above = coupling > critical
  return np.sqrt(
      np.where(above, 1 - critical / np.where(above, coupling, 1), 0)
  )

"""Numbers as spikes: rate, latency, delta and population codes.

One sample; the caller maps over a batch, so that no code depends on the other
samples unless it is asked to (`spike_times(first..last)` normalises over what
it is given). Rasters are float, 0 or 1 (ON/OFF: 1 or -1), time first.
"""

import jax
import jax.numpy as jnp

_EPSILON = 1e-7


def poisson(
    key: jax.Array, rates: jax.Array, num_steps: int, *, gain: float = 1.0
) -> jax.Array:
  """Samples spikes [T, ...] with probability clip(gain rate, 0, 1) a step.

  Args:
    key: draw a new one for each presentation; a fixed one is memorised.
    rates: float [...].
    num_steps: T.
    gain: factor of the rates.
  """
  rates = _floats(rates)
  p = jnp.broadcast_to(jnp.clip(gain * rates, 0, 1), (num_steps, *rates.shape))
  return jax.random.bernoulli(key, p).astype(rates.dtype)


def spike_times(
    data: jax.Array,
    num_steps: int,
    *,
    threshold: float = 0.01,
    tau: float = 1.0,
    first_spike: int = 0,
    linear: bool = False,
    normalize: bool = False,
) -> jax.Array:
  """Returns the time of the one spike of each number; large ones come early.

  Logarithmic: tau ln(d / (d - threshold)), the time at which a leaky membrane
  driven by d reaches the threshold; linear: -tau (d - 1). Values below the
  threshold spike last. snnTorch's `latency_code`.

  Args:
    data: float [...], in [0, 1].
    num_steps: T.
    threshold: of d.
    tau: time constant in steps; with `linear` and `normalize` T - 1 - first.
    first_spike: time of the earliest spike.
    linear: linear instead of logarithmic.
    normalize: stretch the times to [first_spike, T - 1]; over ALL of data.

  Returns:
    Real times [...], in steps.

  Raises:
    ValueError: a tau or T that is not positive.
  """
  if not tau > 0 or num_steps < 1:
    raise ValueError(
        'spike_times needs tau > 0 and num_steps >= 1, got'
        f' tau={tau}, num_steps={num_steps}.'
    )
  data = _floats(data)
  if linear:
    if normalize:
      tau = num_steps - 1 - first_spike
    last = -tau * (threshold - 1)
    return jnp.minimum(-tau * (data - 1), last) + first_spike
  clipped = jnp.maximum(data, threshold + _EPSILON)
  times = tau * jnp.log(clipped / (clipped - threshold)) + first_spike
  if normalize:
    span = num_steps - first_spike - 1
    late = times - first_spike
    times = late * span / jnp.max(late) + first_spike
  return times


def latency(
    data: jax.Array,
    num_steps: int,
    *,
    threshold: float = 0.01,
    clip: bool = False,
    **options,
) -> jax.Array:
  """Returns one spike for each number, [T, ...], at round(`spike_times`).

  Args:
    data: float [...], in [0, 1].
    num_steps: T; a spike at or after T does not come.
    threshold: of d.
    clip: no spike for values below the threshold.
    **options: of `spike_times`.
  """
  data = _floats(data)
  times = spike_times(data, num_steps, threshold=threshold, **options)
  steps = jnp.arange(num_steps).reshape(-1, *[1] * data.ndim)
  out = (jnp.round(times)[None] == steps).astype(data.dtype)
  return out * (data >= threshold)[None] if clip else out


def delta(
    signal: jax.Array,
    *,
    threshold: float = 0.1,
    from_zero: bool = True,
    off_spikes: bool = False,
) -> jax.Array:
  """Returns 1 where a signal rose by the threshold since the step before.

  Args:
    signal: float [T, ...].
    threshold: least difference.
    from_zero: whether the first sample is compared with 0, or with itself.
    off_spikes: whether a fall gives -1.
  """
  signal = _floats(signal)
  first = jnp.zeros_like(signal[:1]) if from_zero else signal[:1]
  change = signal - jnp.concatenate([first, signal[:-1]])
  on = (change >= threshold).astype(signal.dtype)
  if not off_spikes:
    return on
  return on - (change <= -threshold).astype(signal.dtype)


def rank_order(data: jax.Array, num_steps: int) -> jax.Array:
  """Returns one spike each [T, N], the largest first; ranks spread over T."""
  data = _floats(data)
  rank = jnp.argsort(jnp.argsort(-data, stable=True))
  time = rank * num_steps // data.shape[0]
  return (jnp.arange(num_steps)[:, None] == time[None]).astype(data.dtype)


def population(
    data: jax.Array,
    num_neurons: int,
    *,
    low: float = 0.0,
    high: float = 1.0,
    width: float | None = None,
    circular: bool = False,
) -> jax.Array:
  """Returns the rates [..., K] of neurons tuned to values of the data.

  Gaussian tuning, or von Mises on a circle of circumference high - low.

  Args:
    data: float [...].
    num_neurons: K, at least 2.
    low: preferred value of the first neuron.
    high: of the last; on a circle, where it closes.
    width: standard deviation of the tuning; None: the spacing.
    circular: whether low and high are the same.
  """
  if num_neurons < 2 or not high > low or not (width is None or width > 0):
    raise ValueError(
        'population needs at least 2 neurons, high > low and a positive width,'
        f' got {num_neurons}, low={low}, high={high}, width={width}.'
    )
  data = _floats(data)
  gaps = num_neurons if circular else num_neurons - 1
  spacing = (high - low) / gaps
  width = spacing if width is None else width
  preferred = low + spacing * jnp.arange(num_neurons)
  distance = data[..., None] - preferred.reshape(*[1] * data.ndim, -1)
  if circular:
    turn = 2 * jnp.pi / (high - low)
    return jnp.exp((jnp.cos(turn * distance) - 1) / (turn * width) ** 2)
  return jnp.exp(-jnp.square(distance / width) / 2)


def phase(data: jax.Array, num_steps: int, *, bits: int = 8) -> jax.Array:
  """Returns the bits of d in [0, 1), most significant first, repeated over T.

  Step t carries the weight 2^-(1 + t mod bits) (Kim et al. 2018).
  """
  data = _floats(data)
  position = jnp.arange(num_steps) % bits
  whole = jnp.floor(jnp.clip(data, 0, 1 - 2.0**-bits) * 2**bits)
  shift = (2.0 ** (bits - 1 - position)).reshape(-1, *[1] * data.ndim)
  return (jnp.floor(whole[None] / shift) % 2).astype(data.dtype)


def burst(
    data: jax.Array, num_steps: int, *, most: int = 5, longest_gap: int = 4
) -> jax.Array:
  """Returns a burst [T, ...]: more spikes, closer together, for larger d.

  ceil(most d) spikes, ceil(longest_gap (1 - d)) + 1 steps apart, from step 0
  (Guo et al. 2021).
  """
  data = _floats(data)
  count = jnp.ceil(most * jnp.clip(data, 0, 1))[None]
  gap = jnp.ceil(longest_gap * (1 - jnp.clip(data, 0, 1)))[None] + 1
  steps = jnp.arange(num_steps).reshape(-1, *[1] * data.ndim)
  return ((steps % gap == 0) & (steps / gap < count)).astype(data.dtype)


def direct(data: jax.Array, num_steps: int) -> jax.Array:
  """Returns the numbers themselves as constant currents [T, ...]."""
  data = _floats(data)
  return jnp.broadcast_to(data, (num_steps, *data.shape))


def _floats(data):
  """Returns an array of floats; integers become the default ones."""
  data = jnp.asarray(data)
  inexact = jnp.issubdtype(data.dtype, jnp.floating)
  return data if inexact else data.astype(float)

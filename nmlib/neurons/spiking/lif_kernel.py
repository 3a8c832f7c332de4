"""The unroll of a LIF layer as one kernel, for GPU and TPU.

The membrane stays on the chip from the first step to the last: a step reads
its current and writes its spike and, for the gradient, its membrane. Blocks of
neurons are independent. `lif.unroll` is the same function in plain JAX. The
kernel's numbers are checked in interpret mode and it is lowered for both; it
has not run on an accelerator.
"""

import dataclasses
import functools

import jax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton as pltriton
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.spiking import lif

BACKENDS = ('auto', 'xla', 'gpu', 'tpu')
_BLOCK = 128  # neurons; the lanes of a TPU
# The backward pass holds four sequences of a block, each twice, in a TPU's
# vector memory of 16 MiB.
_TPU_STEPS = 2048


@dataclasses.dataclass(frozen=True)
class _Options:
  config: lif.Config
  backend: str
  interpret: bool


def unroll(
    params: lif.Params,
    state: lif.State,
    xs: jax.Array,
    config: lif.Config,
    *,
    backend: str = 'auto',
    interpret: bool = False,
) -> tuple[lif.State, jax.Array]:
  """Runs `lif.step` over currents xs [T, N]; see `lif.unroll`.

  Args:
    params: decay and threshold.
    state: membrane [N].
    xs: currents.
    config: static.
    backend: 'gpu' or 'tpu', the kernel for it; 'xla': `lif.unroll`; 'auto': the
      kernel on these devices, `lif.unroll` elsewhere and where the kernel does
      not serve (lateral inhibition; on a TPU more than 2048 steps).
    interpret: runs the kernel on any platform, slowly.

  Returns:
    The last state, and spikes [T, N].

  Raises:
    ValueError: for another backend; for lateral inhibition, which connects
      neurons, with the kernel; if xs is not [T, N].
  """
  checks.shape('currents', xs, 'T', num_units=config.num_units)
  if backend not in BACKENDS:
    raise ValueError(f'backend must be one of {BACKENDS}, got {backend!r}.')
  if backend == 'auto':
    backend = _best(jax.default_backend(), xs, config)
  if backend == 'xla' or not len(xs):
    return lif.unroll(params, state, xs, config)
  if config.rule.inhibition:
    raise ValueError(
        'the kernel runs neurons apart from each other, but'
        " firing.Rule.inhibition connects them: use backend='xla'."
    )
  params, xs = dtypes.cast((params, xs), state.voltage.dtype)
  count = config.num_units
  padding = -count % _BLOCK
  pad = lambda a: jnp.pad(a, (0, padding))
  wide = lambda a: pad(jnp.broadcast_to(a, (count,)))
  voltage, spikes = _unroll(
      _Options(config, backend, interpret),
      wide(params.decay),
      wide(params.threshold),
      pad(state.voltage),
      jnp.pad(xs, ((0, 0), (0, padding))),
  )
  return lif.State(voltage[:count]), spikes[:, :count]


def _best(platform: str, xs: jax.Array, config: lif.Config) -> str:
  """Returns the backend that 'auto' is on a platform."""
  serves = platform == 'gpu' or platform == 'tpu' and len(xs) <= _TPU_STEPS
  return platform if serves and not config.rule.inhibition else 'xla'


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _unroll(options, decay, threshold, voltage, xs):
  spikes, voltages = _call_forward(options, decay, threshold, voltage, xs)
  return voltages[-1], spikes


def _forward(options, decay, threshold, voltage, xs):
  spikes, voltages = _call_forward(options, decay, threshold, voltage, xs)
  kept = decay, threshold, voltage, voltages, xs
  return (voltages[-1], spikes), kept


def _backward(options, kept, cotangents):
  decay, threshold, voltage, voltages, xs = kept
  last, spikes = cotangents
  before = jnp.concatenate([voltage[None], voltages[:-1]])
  row, whole, grid = _specs(xs)
  size = jax.ShapeDtypeStruct((1, xs.shape[1]), xs.dtype)
  found = _call(
      options,
      _backward_kernel,
      grid=grid,
      in_specs=[row, row, whole, whole, row, whole],
      out_specs=[row, row, row, whole],
      out_shape=[size, size, size, jax.ShapeDtypeStruct(xs.shape, xs.dtype)],
  )(decay[None], threshold[None], before, xs, last[None], spikes)
  return tuple(a[0] for a in found[:3]) + (found[3],)


_unroll.defvjp(_forward, _backward)


def _call(options, kernel, **shapes):
  # Mosaic's GPU lowering has no rule for a surrogate's custom derivative.
  params = (
      pltriton.CompilerParams(num_warps=4) if options.backend == 'gpu' else None
  )
  return pl.pallas_call(
      functools.partial(kernel, options.config),
      compiler_params=params,
      interpret=options.interpret,
      **shapes,
  )


def _specs(xs):
  row = pl.BlockSpec((1, _BLOCK), lambda i: (0, i))
  whole = pl.BlockSpec((xs.shape[0], _BLOCK), lambda i: (0, i))
  return row, whole, (xs.shape[1] // _BLOCK,)


def _call_forward(options, decay, threshold, voltage, xs):
  row, whole, grid = _specs(xs)
  shape = jax.ShapeDtypeStruct(xs.shape, xs.dtype)
  return _call(
      options,
      _forward_kernel,
      grid=grid,
      in_specs=[row, row, row, whole],
      out_specs=[whole, whole],
      out_shape=[shape, shape],
  )(decay[None], threshold[None], voltage[None], xs)


def _step(config, decay, threshold, voltage, x):
  """One step of a block of neurons [1, 128]: the next membrane, the spikes."""
  block = dataclasses.replace(config, num_units=_BLOCK, heterogeneous=True)
  after, spikes = lif.advance(
      lif.Params(decay, threshold), lif.State(voltage), x, block
  )
  return after.voltage, spikes


def _forward_kernel(
    config, decay_ref, threshold_ref, voltage_ref, xs_ref, spikes_ref, out_ref
):
  decay, threshold = decay_ref[...], threshold_ref[...]

  def body(t, voltage):
    now = pl.ds(t, 1)
    voltage, spikes = _step(config, decay, threshold, voltage, xs_ref[now, :])
    spikes_ref[now, :] = spikes
    out_ref[now, :] = voltage
    return voltage

  jax.lax.fori_loop(0, xs_ref.shape[0], body, voltage_ref[...])


def _backward_kernel(
    config,
    decay_ref,
    threshold_ref,
    before_ref,
    xs_ref,
    last_ref,
    spikes_ref,
    decay_out,
    threshold_out,
    voltage_out,
    xs_out,
):
  decay, threshold = decay_ref[...], threshold_ref[...]
  length = xs_ref.shape[0]

  def body(i, carry):
    after, decay_bar, threshold_bar = carry
    now = pl.ds(length - 1 - i, 1)
    _, pull = jax.vjp(
        functools.partial(_step, config),
        decay,
        threshold,
        before_ref[now, :],
        xs_ref[now, :],
    )
    more_decay, more_threshold, before, x_bar = pull(
        (after, spikes_ref[now, :])
    )
    xs_out[now, :] = x_bar
    return before, decay_bar + more_decay, threshold_bar + more_threshold

  zero = jnp.zeros_like(decay)
  found = jax.lax.fori_loop(0, length, body, (last_ref[...], zero, zero))
  voltage_out[...], decay_out[...], threshold_out[...] = found

"""The kernels of `fused` with their backward passes: `jax.custom_vjp`s."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.bdh.kernels import readout_gpu
from nmlib.neurons.bdh.kernels import readout_tpu
from nmlib.neurons.bdh.kernels import scores_gpu
from nmlib.neurons.bdh.kernels import scores_tpu
from nmlib.neurons.core import contraction

_SCORES = {'tpu': scores_tpu, 'gpu': scores_gpu}
_READOUT = {'tpu': readout_tpu, 'gpu': readout_gpu}


class Options(NamedTuple):
  """What is static in a call of a kernel."""

  backend: str
  interpret: bool
  dtype: jnp.dtype
  rate: float = 0.0


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def attend(options, encoder, v, table, state):
  """`fused.attend` for a kernel; T is a multiple of its tile."""
  return _attend_forward(options, encoder, v, table, state)[0]


def _attend_forward(options, encoder, v, table, state):
  dtype = options.dtype
  scores, read, new = _SCORES[options.backend].scores(
      encoder.astype(dtype),
      v.astype(dtype),
      table,
      state,
      interpret=options.interpret,
  )
  a = contraction.contract('bhts,bsd->bhtd', scores, v, dtype)
  a = a if read is None else a + read
  return (a, new), (encoder, v, table, state, scores)


def _attend_backward(options, saved, cotangents):
  encoder, v, table, state, scores = saved
  da, dnew = cotangents
  dtype = options.dtype
  da, v = da.astype(dtype), v.astype(dtype)
  dscores = contraction.contract('bhtd,bsd->bhts', da, v, dtype)
  dscores = jnp.tril(dscores, -1).astype(dtype)
  dencoder, dv, dstate = _SCORES[options.backend].scores_vjp(
      encoder.astype(dtype),
      v,
      table,
      dscores + dscores.mT,
      None if state is None else (state, da, dnew),
      interpret=options.interpret,
  )
  dv += contraction.contract('bhts,bhtd->bsd', scores, da, dtype)
  return dencoder, dv, None, dstate


attend.defvjp(_attend_forward, _attend_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def readout(options, weights, v, a, drop):
  """`fused.readout` for a kernel; T is a multiple of its tile."""
  weights, v, a = _cast((weights, v, a), options.dtype)
  return _READOUT[options.backend].readout(
      weights,
      v,
      a,
      drop,
      rate=options.rate,
      interpret=options.interpret,
  )


def _readout_forward(options, weights, v, a, drop):
  return readout(options, weights, v, a, drop), (weights, v, a, drop)


def _readout_backward(options, saved, du):
  *operands, drop = saved
  weights, v, a = _cast(operands, options.dtype)
  dweights, dv, da = _READOUT[options.backend].readout_vjp(
      weights,
      v,
      a,
      drop,
      du.astype(options.dtype),
      rate=options.rate,
      interpret=options.interpret,
  )
  return type(weights)(*dweights), dv, da, None


readout.defvjp(_readout_forward, _readout_backward)


def _cast(tree, dtype):
  return jax.tree.map(lambda a: a.astype(dtype), tree)

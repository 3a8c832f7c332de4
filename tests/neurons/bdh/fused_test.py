"""Kernels equal the plain form, in interpret mode, and compile for chips."""

import dataclasses
import importlib.util
import os
import subprocess
import sys

from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.neurons import bdh
from nmlib.neurons.bdh.kernels import batched
from nmlib.neurons.bdh.kernels import fused
from nmlib.neurons.bdh.kernels import tiles
from nmlib.neurons.core import dropout

_H, _D, _N, _B = 2, 32, 128, 3
_RATE = 0.3


def _normal(seed, *shape):
  return jax.random.normal(jax.random.key(seed), shape)


def _weights():
  return fused.Weights(
      0.2 * _normal(0, _H, _D, _N),
      0.2 * _normal(1, _H, _D, _N),
      0.1 * _normal(2, _H, _N, _D),
  )


def _table(length):
  angle = 6 * jax.random.uniform(jax.random.key(3), (length, _N // 2))
  return fused.Table(jnp.cos(angle), jnp.sin(angle))


def _drop(length):
  words = jnp.arange(2 * _B, dtype=jnp.uint32).reshape(_B, 2)
  positions = jnp.arange(length)
  return fused.drop_hashes(words, jnp.uint32(1), positions, (_H, _N))


def _leaves(actual, expected):
  return zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True)


def _assert_close(actual, expected, tolerance):
  for a, b in _leaves(actual, expected):
    assert a.dtype == b.dtype and a.shape == b.shape
    scale = float(jnp.max(jnp.abs(b)))
    assert np.isfinite(a).all() and scale > 0
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)


def _attend(backend, length, has_state, dtype):
  """Outputs and gradients of `attend` for random cotangents."""
  cotangent = _normal(4, _B, _H, length, _D), _normal(5, _B, _H, _N, _D)
  table = _table(length)

  def run(encoder, v, state):
    out = fused.attend(
        encoder, v, table, state, dtype=dtype, backend=backend, interpret=True
    )
    return out if has_state else out[0]

  state = _normal(6, _B, _H, _N, _D) if has_state else None
  args = _weights().encoder, _normal(7, _B, length, _D), state
  out, vjp = jax.vjp(run, *args)
  return out, vjp(cotangent if has_state else cotangent[0])


def _readout(backend, length, has_drop, dtype):
  """Output and gradients of `readout` for a random cotangent."""
  drop = _drop(length) if has_drop else None

  def run(weights, v, a):
    return fused.readout(
        weights,
        v,
        a,
        drop,
        rate=_RATE,
        dtype=dtype,
        backend=backend,
        interpret=True,
    )

  args = _weights(), _normal(7, _B, length, _D), _normal(8, _B, _H, length, _D)
  out, vjp = jax.vjp(run, *args)
  return out, vjp(_normal(9, _B, length, _D))


class FusedTest(parameterized.TestCase):

  @parameterized.product(
      backend=('tpu', 'gpu'), length=(37, 256), has_state=(False, True)
  )
  def test_attend_equals_plain_form_with_all_gradients(
      self, backend, length, has_state
  ):
    expected = _attend('xla', length, has_state, 'float32')
    actual = _attend(backend, length, has_state, 'float32')
    _assert_close(actual, expected, 2e-6)

  @parameterized.product(
      backend=('tpu', 'gpu'), length=(37, 256), has_drop=(False, True)
  )
  def test_readout_equals_plain_form_with_all_gradients(
      self, backend, length, has_drop
  ):
    expected = _readout('xla', length, has_drop, 'float32')
    actual = _readout(backend, length, has_drop, 'float32')
    _assert_close(actual, expected, 2e-6)

  @parameterized.parameters('tpu', 'gpu')
  def test_readout_rounds_to_bfloat16_where_the_plain_form_does(self, backend):
    # `attend` cannot run here: CPUs lack batched bfloat16 products.
    actual = _readout(backend, 37, True, 'bfloat16')
    expected = _readout('xla', 37, True, 'bfloat16')
    for a, b in _leaves(actual, expected):
      assert jnp.linalg.norm(a - b) < 0.01 * jnp.linalg.norm(b)

  def test_hashes_give_the_mask_of_dropout(self):
    words = jnp.arange(2 * _B, dtype=jnp.uint32).reshape(_B, 2)
    positions = 5 + jnp.arange(7)
    drop = fused.drop_hashes(words, jnp.uint32(2), positions, (_H, _N))
    bits = tiles.dropout_bits(
        drop.row[:, None, :, None], drop.column[:, :, None]
    )
    for i in range(_B):
      expected = dropout.bits(
          words[i],
          jnp.uint32(2),
          positions,
          jnp.arange(_H * _N).reshape(_H, -1),
      )
      np.testing.assert_array_equal(bits[i], expected)

  def test_unknown_backend_is_named(self):
    with self.assertRaisesRegex(ValueError, "got 'cuda'"):
      _attend('cuda', 8, False, 'float32')


class BatchedTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.config = bdh.Config(
        vocab_size=40, embed_dim=32, num_neurons=128, num_heads=2, num_layers=2
    )
    params = bdh.init(jax.random.key(0), self.config)
    scales = 4, 4, 6, 20, 10  # so that the epsilon of LN is negligible
    self.params = bdh.Params(
        *(p * s for p, s in zip(params, scales, strict=True))
    )
    self.tokens = jax.random.randint(jax.random.key(1), (3, 21), 0, 40)

  @parameterized.parameters(('xla', 'wide'), ('tpu', 'all'), ('gpu', 'wide'))
  def test_loss_and_gradient_equal_vmap_of_the_model(self, backend, remat):
    tokens, targets = self.tokens[:, :-1], self.tokens[:, 1:]
    keys = jax.random.split(jax.random.key(2), 3)
    config = dataclasses.replace(self.config, remat=remat)

    def plain(params):
      losses = jax.vmap(lambda x, y, k: bdh.loss(params, x, y, config, key=k))(
          tokens, targets, keys
      )
      return jnp.mean(losses)

    def kernels(params):
      options = dict(keys=keys, backend=backend, interpret=True)
      return batched.loss(params, tokens, targets, config, **options)

    _assert_close(
        jax.jit(jax.value_and_grad(kernels))(self.params),
        jax.jit(jax.value_and_grad(plain))(self.params),
        1e-5,
    )

  @parameterized.parameters('xla', 'tpu', 'gpu')
  def test_state_carries_over_chunks(self, backend):
    state = bdh.initial_state(self.config)
    rho = jnp.stack([state.rho] * 3, axis=1)
    state, logits = bdh.State(rho, state.position), []
    for chunk in (self.tokens[:, :8], self.tokens[:, 8:]):
      out, state = batched.apply(
          self.params,
          chunk,
          self.config,
          state=state,
          backend=backend,
          interpret=True,
      )
      assert state is not None
      logits.append(out)
    expected = jax.vmap(lambda t: bdh.apply(self.params, t, self.config))(
        self.tokens
    )
    _assert_close(jnp.concatenate(logits, 1), expected.logits, 1e-5)
    _assert_close(jnp.swapaxes(state.rho, 0, 1), expected.state.rho, 1e-5)
    assert int(state.position) == 21

  def test_variants_of_the_plain_model_are_refused(self):
    config = dataclasses.replace(self.config, decay=0.1)
    with self.assertRaisesRegex(ValueError, 'needs Config.decay=0.0, got 0.1'):
      batched.apply(self.params, self.tokens, config)


_COMPILE = """
import sys
import jax
import jax.numpy as jnp
from jax.experimental import topologies
from nmlib.neurons import bdh
from nmlib.neurons.bdh.kernels import batched
from tests.neurons import devices

platform = sys.argv[1]
config = bdh.Config(num_layers=1, dtype='bfloat16')
params = jax.eval_shape(lambda: bdh.init(jax.random.key(0), config))
tokens = jax.ShapeDtypeStruct((2, 512), jnp.int32)
rho = jax.ShapeDtypeStruct((1, 2, 4, 8192, 256), jnp.float32)
state = bdh.State(rho, jax.ShapeDtypeStruct((), jnp.int32))
keys = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), 2))

def grad(params, tokens, keys, state):
  def loss(params, state):
    logits, state = batched.apply(
        params, tokens, config, keys=keys, state=state, backend=platform)
    return jnp.sum(logits) + (0. if state is None else jnp.sum(state.rho))
  return jax.grad(loss)(params, state)

for s in (None, state):
  args = params, tokens, keys, s
  if platform == 'tpu':
    topology = topologies.get_topology_desc(
        platform='tpu', topology_name='v5e:2x2')
    sharding = jax.sharding.SingleDeviceSharding(topology.devices[0])
    args = jax.tree.map(
        lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=sharding),
        args)
    text = jax.jit(grad).lower(*args).compile().as_text()
    assert text.count('tpu_custom_call') >= 4, 'kernels are missing'
  else:
    with jax.sharding.use_abstract_mesh(devices.gpu_mesh()):
      lowered = jax.jit(grad).trace(*args).lower(lowering_platforms=('cuda',))
    assert lowered.as_text().count('xla.gpu.triton') >= 4
"""


def _compile(platform):
  env = dict(
      os.environ,
      JAX_PLATFORMS='cpu',
      TPU_SKIP_MDS_QUERY='1',
      TPU_ACCELERATOR_TYPE='v5litepod-4',
      TPU_WORKER_HOSTNAMES='localhost',
      PYTHONPATH=os.pathsep.join(p for p in sys.path if p),
  )
  done = subprocess.run(
      [sys.executable, '-c', _COMPILE, platform],
      env=env,
      capture_output=True,
      text=True,
      timeout=300,
      check=False,
  )
  assert done.returncode == 0, done.stderr[-3000:]


def test_kernels_lower_for_gpu_at_full_size():
  _compile('gpu')


@pytest.mark.skipif(
    importlib.util.find_spec('libtpu') is None,
    reason='compiling for TPU needs libtpu: pip install -e .[launch,tpu]',
)
def test_kernels_compile_for_tpu_at_full_size():
  _compile('tpu')

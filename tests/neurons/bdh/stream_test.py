"""A stream read window by window: positions, resets, a million tokens."""

import dataclasses
import functools

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
from jax.sharding import AbstractMesh
from jax.sharding import PartitionSpec as P
import numpy as np
import optax
import pytest

from nmlib import train
from nmlib.neurons import bdh
from nmlib.train.hosts import sharding

_CONFIG = bdh.Config(
    vocab_size=11, embed_dim=8, num_heads=2, num_neurons=48, num_layers=2,
    chunk_size=4, dropout_rate=0.0, exact_phases=True, param_dtype='float64',
)  # fmt: skip


def _params(config, seed=0):
  """Weights large enough for activations to be well above epsilon."""
  params = bdh.init(jax.random.key(seed), config)
  scaled = zip((4, 4, 6, 20, 10), params, strict=True)
  return bdh.Params(*(s * a for s, a in scaled))


def _text(length, seed=0, vocab_size=11):
  rng = np.random.default_rng(seed)
  return rng.integers(0, vocab_size, length + 1).astype(np.int32)


def _read(params, text, length, config, **options):
  """Returns the mean loss of all windows, and the last state."""
  losses, state = [], bdh.initial_state(config)
  read = jax.jit(functools.partial(bdh.stream_loss, config=config, **options))
  for start in range(0, len(text) - 1, length):
    part = jnp.asarray(text[start : start + length + 1])
    loss, state = read(params, state, part[:-1], part[1:])
    losses.append(loss * (len(part) - 1))
  return sum(losses) / (len(text) - 1), state


class StreamLossTest(parameterized.TestCase):

  @parameterized.product(rebase=(False, True), residual=('value', 'neuron'))
  def test_windows_with_either_clock_are_the_whole_stream(
      self, rebase, residual
  ):
    # Of 6 tokens, more than a chunk of 4; the last window has 2.
    with jax.enable_x64(True):
      config = dataclasses.replace(_CONFIG, decay=0.02, residual=residual)
      params, text = _params(config), _text(20)
      whole = bdh.loss(params, text[:-1], text[1:], config)
      for form in ('parallel', 'chunked'):
        loss, state = _read(params, text, 6, config, rebase=rebase, form=form)
        np.testing.assert_allclose(loss, whole, rtol=0, atol=1e-11)
        self.assertEqual(int(state.position), 0 if rebase else 20)
        if not rebase:
          state = bdh.rebase_state(state, config)
        end = bdh.apply(params, text[:-1], config).state
        expected = bdh.rebase_state(end, config).rho
        np.testing.assert_allclose(state.rho, expected, rtol=0, atol=1e-11)

  def test_windows_that_do_not_fit_are_refused(self):
    config = dataclasses.replace(_CONFIG, param_dtype='float32')
    params, state = _params(config), bdh.initial_state(config)
    none, two = jnp.zeros(0, jnp.int32), jnp.zeros(2, jnp.int32)
    with self.assertRaisesRegex(ValueError, 'tokens must not be empty'):
      bdh.stream_loss(params, state, none, none, config)
    with self.assertRaisesRegex(ValueError, 'targets'):
      bdh.stream_loss(params, state, two, two[:1], config)

  def test_states_of_rows_are_split_over_data_and_heads_over_model(self):
    config = dataclasses.replace(_CONFIG, param_dtype='float32')
    fields = train.truncated_bptt(
        functools.partial(bdh.init, config=config),
        lambda *unused: (jnp.zeros(()), (None, {})),
        optax.sgd(0.1),
        bdh.initial_state(config),
        batch_size=4,
        rules=bdh.partition_rules(config),
    )
    shapes = jax.eval_shape(fields['init'], jax.random.key(0))
    mesh = AbstractMesh((2, 2), ('data', 'model'))
    where = sharding.infer(shapes, mesh, fields['rules'])
    spec = lambda place: tuple(place.spec)
    self.assertEqual(
        spec(where.carried.rho), tuple(P('data', None, 'model', None, None))
    )
    self.assertEqual(spec(where.carried.position), ('data',))
    self.assertEqual(spec(where.params.encoder), ('model', None, None))
    self.assertEqual(spec(where.params.embed), ())


# A million tokens through the smallest model that has all parts.
_TINY = bdh.Config(
    vocab_size=5, embed_dim=4, num_heads=1, num_neurons=8, num_layers=2,
    chunk_size=250, dropout_rate=0.0,
)  # fmt: skip


def _oracle(params, tokens, config):
  """The chunked equations in NumPy and float64, with phases not rounded."""
  encoder, encoder_v, decoder, embed, _ = (
      np.asarray(p, np.float64) for p in params
  )
  half = config.neurons_per_head // 2
  frequency = bdh.frequencies(config)[:half].astype(np.float64)
  rho = np.zeros((config.num_layers, 2 * half, config.embed_dim))

  def norm(z):
    z = z - z.mean(-1, keepdims=True)
    return z / np.sqrt((z**2).mean(-1, keepdims=True) + config.epsilon)

  for start in range(0, len(tokens), config.chunk_size):
    part = tokens[start : start + config.chunk_size]
    turns = (start + np.arange(len(part)))[:, None] * frequency % 1
    c, s = np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)
    v = norm(embed[part])
    for layer in range(config.num_layers):
      x = np.maximum(v @ encoder[0], 0)
      one, two = x[:, :half], x[:, half:]
      q = np.concatenate([one * c - two * s, two * c + one * s], 1)
      a = np.tril(q @ q.T, -1) @ v + q @ rho[layer]
      rho[layer] += q.T @ v
      y = np.maximum(norm(a) @ encoder_v[0], 0) * x
      v = norm(v + norm(y @ decoder[0]))
  return rho


@pytest.mark.parametrize(
    'length', [10**5, pytest.param(10**6, marks=pytest.mark.slow)]
)
def test_state_after_a_long_stream_is_that_of_float64(length):
  """To 4 times the largest error of a phase, by the neuron's largest synapse.

  Integer phases are off by t 2^-33 turns at most, 7e-4 rad at 1e6, and turn
  what is added by as much; terms cancel, hence 4 times. That sums of 4000
  chunks round in float32 is less, 4000^0.5 2^-24 = 4e-6. Phases that are
  products in float32, as in the authors' code, are off by up to 2^-25 t rad.
  Found: 1.5e-4 and 7.9e-4 here, 1.7e-3 and 5.2e-2 in float32.
  """
  text = _text(length, vocab_size=5)[:-1]
  params = _params(_TINY)
  expected = _oracle(params, text, _TINY)
  scale = np.abs(expected).max(2, keepdims=True)

  def error(exact):
    config = dataclasses.replace(_TINY, exact_phases=exact)
    read = jax.jit(bdh.unroll, static_argnames='config')
    state = read(params, bdh.initial_state(config), text, config)[0]
    return np.max(np.abs(np.asarray(state.rho[:, 0]) - expected) / scale)

  exact, rounded = error(True), error(False)
  assert exact < 4 * length * 2**-33 * 2 * np.pi
  assert rounded > 5 * exact


if __name__ == '__main__':
  absltest.main()

"""The leaky RNN: parity with the authors' training loop, forms, messages."""

import functools
import itertools
import pathlib
from typing import Literal

from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nmlib.analysis import laziness
from nmlib.analysis import similarity
from nmlib.neurons.initializers import low_rank
from nmlib.neurons.rate import rnn

_FORMS: tuple[Literal['rate', 'current'], ...] = ('rate', 'current')
_CUTS: tuple[Literal['euler', 'exponential'], ...] = ('euler', 'exponential')
_CONFIGS = [
    rnn.Config(3, 7, 2, form=form, time_step=40.0, discretization=cut)
    for form, cut in itertools.product(_FORMS, _CUTS)
]


def _loss(params, x, y, config):
  """Mean cross-entropy over all steps and trials, x [T, B, I], y [T, B]."""
  state = rnn.initial_state(config)
  run = lambda xs: rnn.unroll(params, state, xs, config)[1].logits
  logits = jax.vmap(run, 1, 1)(x)
  losses = optax.softmax_cross_entropy_with_integer_labels(logits, y)
  return jnp.mean(losses)


@functools.partial(jax.jit, static_argnums=0)
def _kernel_by_differences(function, weights, size=1e-6):
  """Returns J J^T with J of all outputs and weights, by central differences."""

  def column(i):
    off = jnp.zeros(weights.size).at[i].set(size).reshape(weights.shape)
    gap = function(weights + off) - function(weights - off)
    return gap.ravel() / (2 * size)

  columns = jax.lax.map(column, jnp.arange(weights.size), batch_size=40)
  return columns.T @ columns


@pytest.mark.parametrize('rank', (1, 5, 40))
def test_training_and_measures_equal_the_programs(rank):
  path = (
      pathlib.Path(__file__).parents[2]
      / 'fixtures/rich_lazy_rank_replay_2af.npz'
  )
  with np.load(path) as stored, jax.enable_x64(True):
    fixture = {k.removeprefix('2AF/'): v for k, v in stored.items()}
    got = {
        k.split('/')[1]: v for k, v in fixture.items() if f'rank{rank}/' in k
    }
    # The program's initialisation: truncation at the norm of W_0.
    base = jnp.asarray(fixture['W0'], jnp.float64)
    cut = low_rank.truncate_rank(base, rank)
    np.testing.assert_allclose(
        low_rank.match_norm(cut, base, 'frobenius'),
        got['Wh0'],
        rtol=1e-8,
        atol=1e-11,
    )
    config = rnn.Config(num_units=40, param_dtype='float64')
    start = rnn.params_from_official(
        {'Wh': got['Wh0'], 'Wx': fixture['Wx'], 'Wo': fixture['Wo']}, config
    )
    optimizer = optax.sgd(0.003, momentum=0.9)

    @jax.jit
    def train(params, xs, ys):
      def update(carry, batch):
        params, moments = carry
        loss, grads = jax.value_and_grad(_loss)(params, *batch, config)
        updates, moments = optimizer.update(grads, moments)
        return (optax.apply_updates(params, updates), moments), loss

      carry = (params, optimizer.init(params))
      (params, _), losses = jax.lax.scan(update, carry, (xs, ys))
      return params, losses

    xs = jnp.asarray(fixture['x'], jnp.float64)
    end, losses = train(start, xs, jnp.asarray(fixture['y'], jnp.int32))
    # 1e-8: both in float64, 120 steps of a stable iteration.
    same = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-11)
    same(losses, got['losses'])
    for name, value in rnn.params_to_official(end, config).items():
      same(value, got[f'{name}_final'])
    same(laziness.weight_change(end.recurrent, start.recurrent), got['dW_norm'])

    probe = jnp.asarray(fixture['x_probe'], jnp.float64)
    state = rnn.initial_state(config)

    def outputs(params, x):
      run = lambda xs: rnn.unroll(params, state, xs, config)[1]
      return jax.vmap(run, 1, 1)(x)

    h, h0 = (outputs(p, probe).rates[-1] for p in (end, start))
    same(similarity.representation_alignment(h, h0), got['rep_alignment'])
    same(similarity.sign_similarity(h, h0), got['sign_similarity'])
    logits = lambda w: outputs(end._replace(recurrent=w), probe[:, :32]).logits
    logits0 = lambda w: outputs(
        start._replace(recurrent=w), probe[:, :32]
    ).logits
    k = laziness.tangent_kernel_dense(logits, end.recurrent)
    k0 = laziness.tangent_kernel_dense(logits0, start.recurrent)
    # 1e-6: the differences' own error is of order 1e-12 / 1e-6, and of the
    # square of the step; no unit is within a step of its kink.
    for kernel, function, weights in (
        (k, logits, end.recurrent),
        (k0, logits0, start.recurrent),
    ):
      np.testing.assert_allclose(
          kernel, _kernel_by_differences(function, weights), atol=1e-6
      )
    same(similarity.kernel_alignment(k, k0), got['kernel_alignment'])
    streamed = laziness.tangent_kernel_alignment(
        logits, end.recurrent, start.recurrent, function_before=logits0
    )
    same(streamed, got['kernel_alignment'])


class RnnTest(parameterized.TestCase):

  @parameterized.parameters(*_CONFIGS)
  def test_steps_equal_unroll_in_chunks_or_not(self, config):
    params = rnn.init(jax.random.key(0), config)
    xs = jax.random.normal(jax.random.key(1), (9, 3))
    state = rnn.initial_state(config)
    steps = []
    for x in xs:
      state, output = rnn.step(params, state, x, config)
      steps.append(output)
    steps = jax.tree.map(lambda *rows: jnp.stack(rows), *steps)
    for chunk_size in (None, 4):
      last, outputs = rnn.unroll(
          params, rnn.initial_state(config), xs, config, chunk_size=chunk_size
      )
      # Float32; the inputs' products are taken at once, in another order.
      chex.assert_trees_all_close(outputs, steps, rtol=1e-6, atol=1e-7)
      chex.assert_trees_all_close(last, state, rtol=1e-6, atol=1e-7)

  def test_forms_by_hand(self):
    params = rnn.Params(*(jnp.array([[w]]) for w in (2.0, 1.0, 3.0)))
    state = rnn.State(jnp.array([-1.0]))
    one = lambda form: rnn.Config(1, 1, 1, form=form, time_step=25.0)
    x = jnp.array([9.0])
    # rate: relu(.75 * -1 + .25 * (9 - 2)) = 1
    _, output = rnn.step(params, state, x, one('rate'))
    np.testing.assert_allclose(output.logits, [3.0], rtol=1e-6)
    # current: .75 * -1 + .25 * (9 + 0) = 1.5
    _, output = rnn.step(params, state, x, one('current'))
    np.testing.assert_allclose(output.logits, [4.5], rtol=1e-6)

  def test_without_input_the_current_decays_with_its_time_constant(self):
    config = rnn.Config(
        1,
        4,
        1,
        form='current',
        discretization='exponential',
        time_step=10.0,
    )
    params = rnn.init(jax.random.key(0), config, jnp.zeros((4, 4)))
    last, _ = rnn.unroll(
        params, rnn.State(jnp.ones(4)), jnp.zeros((20, 1)), config
    )
    np.testing.assert_allclose(last.hidden, np.exp(-2.0), rtol=1e-5)

  def test_init_has_the_programs_distribution(self):
    config = rnn.Config(num_units=400)
    params = rnn.init(jax.random.key(0), config)
    # 5 sigma of the standard deviation of 160,000 numbers is 0.9 %.
    np.testing.assert_allclose(jnp.std(params.recurrent), 1.25 / 20, rtol=0.009)
    self.assertLessEqual(jnp.max(jnp.abs(params.input)), 3**-0.5)
    self.assertGreater(jnp.max(jnp.abs(params.input)), 0.97 * 3**-0.5)
    self.assertLessEqual(jnp.max(jnp.abs(params.readout)), 1 / 20)

  def test_a_given_matrix_leaves_the_other_weights(self):
    config = rnn.Config(num_units=5)
    a = rnn.init(jax.random.key(0), config)
    b = rnn.init(jax.random.key(0), config, jnp.eye(5))
    np.testing.assert_array_equal(b.recurrent, jnp.eye(5))
    chex.assert_trees_all_equal(a[1:], b[1:])

  def test_official_arrays_go_round(self):
    config = rnn.Config(num_units=5)
    params = rnn.init(jax.random.key(0), config)
    arrays = rnn.params_to_official(params, config)
    chex.assert_trees_all_equal(
        rnn.params_from_official(arrays, config), params
    )
    with self.assertRaisesRegex(ValueError, "'Wx' is missing"):
      rnn.params_from_official({'Wh': arrays['Wh']}, config)
    with self.assertRaisesRegex(ValueError, "'Wh' must have shape"):
      rnn.params_from_official(arrays | {'Wh': np.eye(4)}, config)

  def test_euler_steps_beyond_the_time_constant_are_refused(self):
    with self.assertRaisesRegex(
        ValueError, 'rnn.Config.time_step must be at most time_constant=100.0'
    ):
      rnn.Config(time_step=200.0)
    rnn.Config(time_step=200.0, discretization='exponential')

  def test_inputs_of_another_width_are_refused(self):
    config = rnn.Config(3, 5)
    params = rnn.init(jax.random.key(0), config)
    state = rnn.initial_state(config)
    with self.assertRaisesRegex(
        ValueError, r'inputs must be \[T, num_inputs=3\], got shape \[7, 4\].'
    ):
      rnn.unroll(params, state, jnp.zeros((7, 4)), config)
    with self.assertRaisesRegex(ValueError, r'\[num_inputs=3\], got shape'):
      rnn.step(params, state, jnp.zeros(4), config)

  def test_a_matrix_of_another_size_is_refused(self):
    with self.assertRaisesRegex(ValueError, r'must be \[5, 5\].* got \[4, 4\]'):
      rnn.init(jax.random.key(0), rnn.Config(num_units=5), jnp.eye(4))

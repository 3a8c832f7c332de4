"""Networks that grow dendrites, and the rules of growing."""

import functools

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks import mlp
from nmlib.networks.dendrites import dendrite_candidates
from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import growth
from nmlib.neurons import sites
from nmlib.neurons.dendrites import perforated as dendrite_nodes


def _dense(params, x):
  return x @ params.kernel + params.bias


def _recurrent(params, xs, site):
  """A cell used once a time step, and a readout."""
  h = jnp.zeros(4)
  for x in xs:
    h = jnp.tanh(site('cell', _dense, params[0], jnp.concatenate([x, h])))
  return site('readout', _dense, params[1], h)


def _scanned(params, xs, site):
  """The same, its loop compiled once."""

  def step(site, h, x):
    both = jnp.concatenate([x, h])
    return jnp.tanh(site('cell', _dense, params[0], both)), None

  h, _ = site.scan(step, jnp.zeros(4), xs)
  return site('readout', _dense, params[1], h)


def _grown(key, num_dendrites, scale=0.5):
  keys = jax.random.split(key, 2 + num_dendrites)
  base = mlp.init(keys[0], (7, 4, 4, 2))[::2]
  params = dendritic.bare(_recurrent, base, jnp.zeros((5, 3)))
  for k in keys[2:]:
    params = dendritic.accept(
        params,
        dendritic.init_candidates(
            k, _recurrent, params, jnp.zeros((5, 3)), scale
        ),
    )
  return params


class DendriticTest(parameterized.TestCase):

  def test_accepting_changes_nothing_at_that_instant(self):
    params = _grown(jax.random.key(0), 0)
    xs = jax.random.normal(jax.random.key(1), (5, 3))
    before = _recurrent(params.base, xs, sites.PLAIN)
    for k in range(3):
      after = dendritic.apply(_recurrent, params, xs)
      np.testing.assert_array_equal(after, before)
      fresh = dendritic.init_candidates(
          jax.random.key(k), _recurrent, params, xs, 0.5
      )
      params = dendritic.accept(params, fresh)
    # |W| + |b| + r for each, and q: 0, 1, 2 weights a neuron.
    layer = 32 + 10 + 6
    self.assertEqual(dendritic.count(params), 42 + 3 * layer + 3 * 6)

  def test_no_error_passes_through_dendrites(self):
    params = _grown(jax.random.key(0), 2)
    loud = jax.tree.map(lambda r: r + 1, params.to_neuron)
    params = params._replace(to_neuron=loud)
    x = jax.random.normal(jax.random.key(1), (1, 3))

    def gradient(params, **options):
      run = lambda p: dendritic.apply(_recurrent, p, x, **options).sum()
      return jax.grad(run)(params)

    # With silent readout weights nothing but dendrites reaches the cell.
    kernel = jnp.zeros_like(params.base[1].kernel)
    silent = params._replace(
        base=(params.base[0], params.base[1]._replace(kernel=kernel))
    )
    cell = gradient(silent).base[0].kernel
    np.testing.assert_array_equal(cell, 0)
    passed = gradient(silent, perforated=False).base[0].kernel
    self.assertGreater(jnp.abs(passed).max(), 1e-3)

  def test_errors_are_the_gradient_of_the_bias(self):
    params = _grown(jax.random.key(2), 1)
    params = params._replace(
        to_neuron=jax.tree.map(lambda r: r + 0.7, params.to_neuron)
    )
    xs = jax.random.normal(jax.random.key(1), (5, 3))
    loss = lambda y: jnp.sum((y - 1) ** 2)
    errors = dendritic.errors(_recurrent, params, xs, loss)
    self.assertEqual(errors['cell'].shape, (5, 4))  # every use counts
    gradient = jax.grad(lambda p: loss(dendritic.apply(_recurrent, p, xs)))(
        params
    )
    for name, layer in zip(errors, gradient.base, strict=True):
      np.testing.assert_allclose(
          errors[name].sum(0), layer.bias, rtol=1e-4, atol=1e-5
      )
    values = dendritic.candidate_values(
        _recurrent, params._replace(dendrites={n: () for n in errors},
                                    to_neuron={n: () for n in errors}),
        {n: d[0] for n, d in params.dendrites.items()}, xs,
    )  # fmt: skip
    self.assertEqual(values['cell'].shape, (5, 4))

  def test_gain_of_a_new_weight_is_the_covariance_of_its_candidate(self):
    params = _grown(jax.random.key(3), 0)
    xs = jax.random.normal(jax.random.key(1), (20, 5, 3))
    loss = lambda y: jnp.sum((y - 1) ** 2)
    fresh = dendritic.init_candidates(
        jax.random.key(5), _recurrent, params, xs[0], 1.0
    )
    grown = dendritic.accept(params, fresh)
    gradient = jax.grad(
        lambda r: jnp.sum(
            jax.vmap(
                lambda x: loss(
                    dendritic.apply(_recurrent, grown._replace(to_neuron=r), x)
                )
            )(xs)
        )
    )(grown.to_neuron)
    errors = jax.vmap(lambda x: dendritic.errors(_recurrent, params, x, loss))(
        xs
    )
    values = jax.vmap(
        lambda x: dendritic.candidate_values(_recurrent, params, fresh, x)
    )(xs)
    for name in errors:
      expected = (errors[name] * values[name]).sum((0, 1))
      np.testing.assert_allclose(
          gradient[name][0], expected, rtol=1e-3, atol=1e-4
      )

  def test_unknown_layer(self):
    params = _grown(jax.random.key(0), 0)
    with self.assertRaisesRegex(ValueError, "no layer 'dense' to .* has cell"):
      dendritic.bare(_recurrent, params.base, jnp.zeros((5, 3)), ['dense'])

  def test_a_compiled_loop_over_time_is_the_same_network(self):
    params = _grown(jax.random.key(2), 2)
    loud = jax.tree.map(lambda r: r + 0.7, params.to_neuron)
    params = params._replace(to_neuron=loud)
    xs = jax.random.normal(jax.random.key(1), (5, 3))
    fresh = dendritic.init_candidates(
        jax.random.key(4), _recurrent, params, xs, 0.5, relative=True
    )
    again = dendritic.init_candidates(
        jax.random.key(4), _scanned, params, xs, 0.5, relative=True
    )
    close = functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5)
    jax.tree.map(close, again, fresh)
    loss = lambda y: jnp.sum((y - 1) ** 2)
    for measure in (
        lambda network: dendritic.apply(network, params, xs),
        lambda network: dendritic.errors(network, params, xs, loss),
        lambda network: dendritic.candidate_values(network, params, fresh, xs),
        lambda network: jax.grad(
            lambda p: loss(dendritic.apply(network, p, xs))
        )(params),
    ):
      jax.tree.map(close, measure(_scanned), measure(_recurrent))

  def test_loops_that_know_nothing_of_sites_are_refused(self):
    def network(params, xs, site):
      def step(h, x):
        both = jnp.concatenate([x, h])
        return jnp.tanh(site('cell', _dense, params[0], both)), None

      return site('readout', _dense, params[1], jax.lax.scan(
          step, jnp.zeros(4), xs)[0])  # fmt: skip

    base = _grown(jax.random.key(0), 0).base
    with self.assertRaisesRegex(
        ValueError, "site 'cell' is used inside a loop"
    ):
      dendritic.bare(network, base, jnp.zeros((5, 3)))

  def test_scale_may_follow_the_weights_of_the_layer(self):
    params = _grown(jax.random.key(0), 0)
    xs = jnp.ones((5, 3))
    draw = lambda params, **options: dendritic.init_candidates(
        jax.random.key(1), _recurrent, params, xs, 0.1, **options
    )
    plain, relative = draw(params), draw(params, relative=True)
    for name, layer in zip(plain, params.base, strict=True):
      size = jnp.abs(layer.kernel).mean()
      np.testing.assert_allclose(
          relative[name].layer.kernel,
          plain[name].layer.kernel * size,
          rtol=1e-5,
      )
      self.assertGreater(float(size), 0.1)


class GrowthTest(parameterized.TestCase):

  @parameterized.parameters(*dendrite_nodes.KINDS)
  def test_growing_never_worsens_its_objective(self, kind):
    params = _grown(jax.random.key(0), 1)
    xs = jax.random.normal(jax.random.key(1), (30, 5, 3))
    target = jnp.sin(3 * xs.sum((1, 2)))[:, None]
    loss = lambda out, y: jnp.sum((out - y) ** 2)
    values, errors = dendrite_candidates.samples(
        _recurrent, params, loss, xs, target
    )

    # Every third step goes the wrong way, so that single scores do fall.
    rate = lambda t: jnp.where(jnp.mod(t, 3) == 2, -0.5, 0.3)
    optimizer = optax.adam(rate)
    fresh = dendritic.init_candidates(
        jax.random.key(4), _recurrent, params, xs[0], 0.01
    )
    state = dendrite_candidates.start(fresh, optimizer)
    step = jax.jit(
        lambda s: dendrite_candidates.improve(
            s, values, errors, optimizer, kind
        )
    )
    state = step(state)
    first = state.score
    fell = False
    for _ in range(30):
      answers = values(state.params)
      single = {
          n: dendrite_nodes.candidate_score(answers[n], errors[n], kind)
          for n in errors
      }
      before, state = state.score, step(state)
      for name in errors:
        fell |= bool((single[name] < before[name]).any())
        self.assertTrue((state.score[name] >= before[name]).all())
    self.assertTrue(fell)
    # Neurons do not interact: together the best rows score what each did.
    answers = values(state.best)
    for name in errors:
      again = dendrite_nodes.candidate_score(answers[name], errors[name], kind)
      # Compiled apart; single sums of 150 float32 terms.
      np.testing.assert_allclose(again, state.score[name], rtol=1e-3, atol=1e-6)
      self.assertTrue((state.score[name] > first[name]).all())

  def test_history_switches_after_patience(self):
    history = growth.new_history()
    seen = []
    for score in (-3.0, -2.0, -1.9999, -2.5, -1.0, -1.5, -1.5, -1.5, 5.0):
      history = growth.follow(history, jnp.float32(score), 3)
      seen.append(bool(history.switched))
    # -1.9999 is better by too little; a switch is not taken back.
    self.assertEqual(seen, [False] * 7 + [True, True])
    with self.assertRaisesRegex(ValueError, 'patience must be at least 1'):
      growth.follow(history, jnp.float32(0), 0)

  def test_history_may_smooth_scores(self):
    # The outlier alone would be a best that nothing after it reaches.
    scores = (1.0, 9.0, 2.0, 3.0, 8.5, 8.5)
    ends = {}
    for lookback in (1, 2):
      history = growth.new_history(lookback)
      for score in scores:
        history = growth.follow(history, jnp.float32(score), 4)
      ends[lookback] = float(history.best), bool(history.switched)
    self.assertEqual(ends, {1: (9.0, True), 2: (8.5, False)})
    with self.assertRaisesRegex(ValueError, 'lookback must be at least 1'):
      growth.new_history(0)

  @hypothesis.given(st.lists(st.integers(-9, 9), min_size=1, max_size=6))
  def test_rate_falls_while_trials_improve(self, scores):
    index = 0
    while index + 1 < len(scores) and scores[index + 1] > scores[index]:
      index += 1
    ours = growth.chosen_rate(jnp.array(scores, jnp.float32))
    self.assertEqual(int(ours), index)


if __name__ == '__main__':
  absltest.main()

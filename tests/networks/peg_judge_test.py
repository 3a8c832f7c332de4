"""A model that looks at the peg: as if it were given the pictures."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import peg_insertion
from nmlib.networks.progress_judges import peg_judge
from nmlib.networks.progress_judges import peg_judge_quality
from nmlib.networks.progress_judges import progress_model

_WORLD = peg_insertion.Config(3, 2, 2, hole=1, start=(0, 3))


def _model(views):
  return progress_model.Config(
      views, size=8, channels=(3, 4), num_features=5, num_hidden=6
  )


_hop = jax.jit(peg_judge.hop, static_argnums=(3, 4))
_apply = jax.jit(progress_model.apply, static_argnums=2)
_see = jax.jit(peg_insertion.render, static_argnums=(2, 3))


class PegJudgeTest(absltest.TestCase):

  def test_hop_is_that_of_the_pictures(self):
    start, before, after = places = tuple(map(jnp.int32, (9, 7, 4)))
    see = lambda place, hidden: _see(place, hidden, _WORLD, 8)
    for views in (1, 2):
      model = _model(views)
      params = progress_model.init(jax.random.key(views), model)
      for hidden in ([False, False], [True, False], [False, True]):
        moments = progress_model.Moments(
            jnp.stack([see(start, False)[0], see(_WORLD.goal, False)[0]]),
            see(before, hidden[0])[:views],
            see(after, hidden[1])[:views],
        )
        found = _hop(params, places, jnp.array(hidden), model, _WORLD)
        wanted = _apply(params, moments, model)
        np.testing.assert_allclose(found, wanted, atol=1e-5)

  def test_what_is_left_out_does_not_matter(self):
    model = _model(2)
    params = progress_model.init(jax.random.key(0), model)
    kept = jnp.array([0, 1, 1, 0, 0, 1])
    say = lambda start, hidden: _hop(
        params, (jnp.int32(start), jnp.int32(7), jnp.int32(4)),
        jnp.array([False, hidden]), model, _WORLD, kept,
    )  # fmt: skip
    self.assertEqual(say(9, False), say(6, True))

  def test_loss_is_the_squared_error_of_what_is_seen(self):
    model = _model(2)
    params = progress_model.init(jax.random.key(0), model)
    places = jnp.int32(9), jnp.int32(7), jnp.int32(4)
    right = jnp.float32(0.3)
    of = lambda hidden, dropout: peg_judge.loss(
        params, places, right, jax.random.key(1), model, _WORLD,
        hidden=hidden, dropout=dropout,
    )  # fmt: skip
    say = lambda hidden, kept: _hop(
        params, places, jnp.full(2, hidden), model, _WORLD, jnp.full(6, kept)
    )
    for hidden in (False, True):
      expected = (say(hidden, 1.0) - right) ** 2
      np.testing.assert_allclose(of(float(hidden), 0.0), expected, rtol=1e-6)
    np.testing.assert_allclose(
        of(0.0, 1.0), (say(False, 0.0) - right) ** 2, rtol=1e-6
    )

  def test_tables_and_quality(self):
    model = _model(2)
    params = progress_model.init(jax.random.key(0), model)
    tables = peg_judge.tables(params, model, _WORLD)
    self.assertEqual(tables.hops.shape, (12, 12))
    two = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), params)
    ask = peg_judge_quality.asked(two, model, _WORLD)
    places = np.array([9, 9]), np.array([6, 9]), np.array([7, 4])
    never = np.zeros((2, 2), bool)
    np.testing.assert_allclose(
        ask(places, never)[1], [tables.hops[6, 7], tables.forward[4]], atol=1e-6
    )
    rng = np.random.default_rng(0)
    # Known answers, 0.5 and -0.2, whose errors are 0.25 and 0.1.
    known = lambda *_: jnp.array([[0.5, -0.2]] * 2)
    hops = np.array([0.75, -0.1])
    found = peg_judge_quality.errors(known, places, hops, 0.0, rng)
    for name, error in found.items():
      want = 0.25 if 'ahead' in name else 0.1
      np.testing.assert_allclose(error, [want] * 2, rtol=1e-6, err_msg=name)
    with self.assertRaisesRegex(ValueError, 'must go ahead and back.*0.75'):
      peg_judge_quality.errors(known, places, np.abs(hops), 0.0, rng)
    ways = [np.array([9, 10, 7, 4, 1]), np.array([7, 4, 1])]
    found = peg_judge_quality.along(ask, ways, 0.5, rng, _WORLD.goal)
    self.assertLen(found['example fused'], 5)
    self.assertEqual(found['order forward'].shape, (2,))


if __name__ == '__main__':
  absltest.main()

"""Mann-Whitney against scipy, and a search that knows when it overfits."""

from hypothesis import given
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from nmlib.analysis import selectivity

_LABELS = np.tile([True, False], 20)
_HALF = np.arange(40) < 20


def test_known_ranks():
  values = jnp.array([[1.0, 4, 2], [2, 3, 2], [3, 2, 2], [4, 1, 2]])
  found = selectivity.mann_whitney(values, np.array([False, False, True, True]))
  np.testing.assert_allclose(found.u, [4, 0, 2])
  np.testing.assert_allclose(found.rank_biserial, [1, -1, 0])
  assert found.p_value[2] == 1  # all are equal


def test_the_papers_synapse_is_0_89_by_its_u():
  """U = 2368 of 2500 (section 6.3) has 0.894, not the 0.86 that is printed."""
  rest = np.arange(50.0)
  inside = np.full(50, 100.0)
  inside[:3] = [-1, -1, 17.5]  # 50 + 50 + 32 pairs lost
  values = jnp.concatenate([jnp.asarray(inside), jnp.asarray(rest)])
  found = selectivity.mann_whitney(values, np.arange(100) < 50)
  assert found.u == 2368
  assert found.rank_biserial == pytest.approx(0.8944)
  assert found.p_value < 1e-13


@given(
    data=st.lists(
        st.tuples(st.integers(-3, 3), st.booleans()), min_size=9, max_size=9
    ).filter(lambda rows: len({b for _, b in rows}) == 2)
)
def test_is_scipys_with_ties_too(data):
  values, positive = (np.array(column) for column in zip(*data, strict=True))
  found = selectivity.mann_whitney(jnp.asarray(values, float), positive)
  with np.errstate(divide='ignore', invalid='ignore'):
    expected = stats.mannwhitneyu(
        values[positive], values[~positive], alternative='greater',
        method='asymptotic',
    )  # fmt: skip
  assert found.u == pytest.approx(expected.statistic)
  assert found.p_value == pytest.approx(expected.pvalue, abs=1e-5)
  other = selectivity.mann_whitney(-jnp.asarray(values, float), positive)
  assert other.rank_biserial == pytest.approx(
      -float(found.rank_biserial), abs=1e-5
  )


def test_search_finds_what_was_planted():
  values = jax.random.normal(jax.random.key(0), (40, 6, 30))
  planted = values.at[:, 4, 7].add(3.0 * _LABELS)
  found = selectivity.search(planted, _LABELS, _HALF)
  assert found.index == 4 * 30 + 7
  assert found.held_out.rank_biserial > 0.8


def test_control_overfits_where_it_chooses_and_is_centred_at_0_elsewhere():
  values = jax.random.normal(jax.random.key(1), (40, 500))

  def control(key):
    labels = selectivity.shuffled(key, jnp.asarray(_LABELS), _HALF)
    return selectivity.search(values, labels, _HALF)

  found = [control(key) for key in jax.random.split(jax.random.key(2), 40)]
  assert np.mean([f.chosen for f in found]) > 0.6
  held_out = np.array([f.held_out.rank_biserial for f in found])
  # One has a standard deviation of sqrt(21 / 300) = 0.26.
  assert abs(held_out.mean()) < 3 * 0.26 / 40**0.5


def test_shuffled_labels_are_as_many_in_each_half():
  labels = selectivity.shuffled(
      jax.random.key(0), jnp.asarray(np.arange(40) < 12), _HALF
  )
  assert labels[:20].sum() == 12 and labels[20:].sum() == 0
  assert not labels[:12].all()


def test_bad_input_is_one_sentence():
  values = jnp.ones((40, 3))
  with pytest.raises(ValueError, match='at least 2 sentences .* got 1 and 19;'):
    selectivity.search(values, np.arange(40) % 20 == 0, _HALF)
  with pytest.raises(ValueError, match='at least 1 .* got 0 and 40'):
    selectivity.mann_whitney(values, np.zeros(40, bool))
  with pytest.raises(ValueError, match='must be finite'):
    selectivity.mann_whitney(values.at[0, 0].set(np.nan), _LABELS)
  with pytest.raises(ValueError, match=r'positive must be \[S=40\]'):
    selectivity.mann_whitney(values, _LABELS[:30])


def test_masks_of_numbers_are_refused():
  # 0 and 1 as indices would leave the labels as they are.
  labels = jnp.array([True, False, True, False])
  with pytest.raises(ValueError, match='choosing must be of bool, got int32'):
    selectivity.shuffled(jax.random.key(0), labels, jnp.array([1, 1, 0, 0]))
  with pytest.raises(ValueError, match='positive must be of bool'):
    selectivity.mann_whitney(jnp.arange(4.0), jnp.array([2, 2, 0, 0]))
  with pytest.raises(ValueError, match='hold nothing to choose'):
    selectivity.search(jnp.zeros((4, 0)), labels, labels)

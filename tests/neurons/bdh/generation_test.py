"""Generation from BDH: exact in its greedy form, fair in its random form."""

import dataclasses
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import bdh
from nmlib.neurons.bdh import generation

_CONFIG = bdh.Config(7, 8, 2, 48, 2, chunk_size=4)
_PROMPT = jnp.array([1, 2, 3, 4, 5])


def _params():
  scaled = zip(
      (4, 4, 6, 20, 10), bdh.init(jax.random.key(0), _CONFIG), strict=True
  )
  return bdh.Params(*(s * a for s, a in scaled))


class GenerateTest(parameterized.TestCase):

  def test_greedy_equals_recomputing_the_whole_prefix(self):
    params, text = _params(), _PROMPT
    run = jax.jit(bdh.apply, static_argnames='config')
    for _ in range(6):
      logits = run(params, text, config=_CONFIG).logits
      text = jnp.append(text, jnp.argmax(logits[-1]))
    out = bdh.generate(params, _PROMPT, 6, _CONFIG, temperature=0)
    self.assertEqual((out.shape, out.dtype), ((6,), jnp.int32))
    np.testing.assert_array_equal(out, text[5:])

  @parameterized.parameters(
      dict(top_k=1), dict(top_p=1e-6), dict(top_k=3, temperature=0.0)
  )
  def test_most_likely_token_alone_is_greedy(self, **kwargs: Any):
    options: Any = dict(temperature=1.0, key=jax.random.key(0)) | kwargs
    np.testing.assert_array_equal(
        bdh.generate(_params(), _PROMPT, 12, _CONFIG, **options),
        bdh.generate(_params(), _PROMPT, 12, _CONFIG, temperature=0),
    )

  def test_same_key_same_text_and_longer_begins_with_shorter(self):
    run = lambda n, seed: np.asarray(
        bdh.generate(_params(), _PROMPT, n, _CONFIG, key=jax.random.key(seed))
    )
    np.testing.assert_array_equal(run(20, 0)[:8], run(8, 0))
    self.assertFalse(np.array_equal(run(20, 0), run(20, 1)))

  def test_state_carries_what_came_before_the_prompt(self):
    params = _params()
    state = bdh.apply(params, _PROMPT[:3], _CONFIG).state
    np.testing.assert_array_equal(
        bdh.generate(
            params, _PROMPT[3:], 6, _CONFIG, temperature=0, state=state
        ),
        bdh.generate(params, _PROMPT, 6, _CONFIG, temperature=0),
    )

  def test_long_prompt_is_read_in_chunks_to_the_same_text(self):
    params, prompt = _params(), jnp.tile(_PROMPT, 9)
    whole = dataclasses.replace(_CONFIG, chunk_size=64)  # 45 < 2 d + 64
    np.testing.assert_array_equal(
        bdh.generate(params, prompt, 6, _CONFIG, temperature=0),
        bdh.generate(params, prompt, 6, whole, temperature=0),
    )

  def test_vmap_over_prompts_equals_loop(self):
    params = _params()
    prompts = jnp.stack([_PROMPT, _PROMPT[::-1]])
    run = lambda x: bdh.generate(params, x, 6, _CONFIG, temperature=0)
    np.testing.assert_array_equal(
        jax.vmap(run)(prompts), np.stack([run(x) for x in prompts])
    )

  @parameterized.parameters(
      (dict(num_tokens=-1), 'num_tokens must be at least 0, got -1'),
      (dict(top_k=0), 'top_k must be at least 1, got 0'),
      (dict(top_p=0.0), r'top_p must be in \(0, 1\], got 0.0'),
      (dict(top_p=1.5), r'top_p must be in \(0, 1\], got 1.5'),
      (dict(temperature=-1.0), 'temperature must be at least 0, got -1.0'),
      (dict(), 'sampling needs a key; or set temperature=0'),
      (dict(prompt=_PROMPT[:0], temperature=0), 'prompt must hold at least'),
  )
  def test_bad_arguments_say_what_and_why(self, kwargs, message):
    kwargs = dict(prompt=_PROMPT, num_tokens=3) | kwargs
    with self.assertRaisesRegex(ValueError, message):
      bdh.generate(_params(), config=_CONFIG, **kwargs)


class SampleTest(parameterized.TestCase):

  @parameterized.parameters(
      (dict(temperature=1.0), [0.5, 0.25, 0.15, 0.1]),
      (dict(temperature=0.5), [0.725, 0.181, 0.065, 0.029]),  # squares
      (dict(temperature=1.0, top_k=2), [2 / 3, 1 / 3, 0, 0]),
      (dict(temperature=1.0, top_p=0.6), [2 / 3, 1 / 3, 0, 0]),
      (dict(temperature=1.0, top_p=0.5), [1, 0, 0, 0]),
      (dict(temperature=1.0, top_p=1.0), [0.5, 0.25, 0.15, 0.1]),
      (dict(temperature=1.0, top_k=9), [0.5, 0.25, 0.15, 0.1]),
  )
  def test_frequencies_are_the_probabilities(self, kwargs, expected):
    logits = jnp.log(jnp.array([0.15, 0.5, 0.1, 0.25])) + 3
    keys = jax.random.split(jax.random.key(0), 20000)
    draw = jax.vmap(lambda key: generation.sample(logits, key, **kwargs))
    counts = np.bincount(draw(keys), minlength=4)[[1, 3, 0, 2]]
    # Five standard errors of 20000 draws, and the rounding of the squares.
    np.testing.assert_allclose(counts / 20000, expected, rtol=0, atol=0.018)
    np.testing.assert_array_equal(counts[np.equal(expected, 0)], 0)


if __name__ == '__main__':
  absltest.main()

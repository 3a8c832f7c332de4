"""BDH seen and changed inside."""

import dataclasses
import functools
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import bdh
from nmlib.neurons import sites

_FORMS = ('parallel', 'chunked', 'recurrent')
_CONFIG = bdh.Config(
    vocab_size=11,
    embed_dim=8,
    num_heads=2,
    num_neurons=48,
    num_layers=2,
    scan_layers=True,
    chunk_size=4,
    exact_phases=True,
    param_dtype='float64',
)
_EDITABLE = tuple(name for name in bdh.SITES if not name.endswith('active'))
_T = 6  # a whole chunk and a part of one
_close = functools.partial(np.testing.assert_allclose, rtol=0, atol=1e-11)


@functools.cache
def _inputs() -> Any:
  """Weights large enough for activations to be well above epsilon; tokens."""
  rng = np.random.default_rng(0)
  like = jax.eval_shape(lambda: bdh.init(jax.random.key(0), _CONFIG))
  draw = lambda scale, leaf: scale * 0.02 * rng.normal(size=leaf.shape)
  params = bdh.Params(*map(draw, (4, 4, 6, 20, 10), like))
  tokens = rng.integers(0, _CONFIG.vocab_size, _T)
  return params, tokens.astype(np.int32)


def _run(edits=None, form='parallel', capture=(), config=_CONFIG):
  run = lambda params, tokens: bdh.apply(
      params, tokens, config, form=form, capture=capture, edits=edits
  )
  return jax.jit(run)(*_inputs())


def _shape(name):
  letters = bdh.SITES[name].split(']')[0].strip('[').split(', ')
  sizes = {'L': 2, 'L + 1': 3, 'T': _T, 'd': 8, 'h': 2, 'N': 24}
  return tuple(sizes[letter] for letter in letters)


class SitesTest(parameterized.TestCase):

  @parameterized.parameters(*_FORMS)
  def test_shapes_are_those_of_the_table(self, form):
    with jax.enable_x64(True):
      seen = _run(form=form, capture=tuple(bdh.SITES)).captured
    self.assertEqual(
        {name: value.shape for name, value in seen.items()},
        {name: _shape(name) for name in bdh.SITES},
    )

  @parameterized.parameters(*_FORMS[1:])
  def test_edits_and_captures_are_the_same_in_every_form(self, form):
    edits: dict[str, Any] = {}
    with jax.enable_x64(True):
      for i, name in enumerate(_EDITABLE):
        draw = lambda j, name=name, i=i: jax.random.normal(
            jax.random.key(10 * i + j), _shape(name)
        )
        whole = sites.Edit(mask=draw(0) > 1.5, value=draw(1), add=0.1 * draw(2))
        edits[name] = (whole, lambda f, *x: 0.9 * f(*x))
        edits[f'{name}/1'] = sites.Edit(scale=draw(3)[1])
      capture = (*bdh.SITES, 'u/1', 'v/2')
      expected = _run(edits, 'parallel', capture)
      ours = _run(edits, form, capture)
      _close(ours.logits, expected.logits)
      _close(ours.state.rho, expected.state.rho)
      for key in capture:
        _close(ours.captured[key], expected.captured[key])
      _close(ours.captured['v/2'], ours.captured['v'][2])
      plain = _run()
      self.assertGreater(jnp.abs(expected.logits - plain.logits).max(), 1e-2)

  def test_how_layers_are_run_changes_nothing(self):
    config = dataclasses.replace(_CONFIG, scan_layers=False, remat='wide')
    edits = {'x': sites.Edit(scale=np.linspace(0, 2, 24))}
    with jax.enable_x64(True):
      expected = _run(edits, capture=('v', 'y/1'))
      ours = _run(edits, capture=('v', 'y/1'), config=config)
      _close(ours.logits, expected.logits)
      _close(ours.captured['v'], expected.captured['v'])
      _close(ours.captured['y/1'], expected.captured['y/1'])

  def test_silencing_neurons_is_removing_what_they_write(self):
    params, tokens = _inputs()
    silent = np.arange(24) % 3 == 0
    decoder = np.where(silent[:, None], 0, params.decoder)
    with jax.enable_x64(True):
      expected = bdh.apply(params._replace(decoder=decoder), tokens, _CONFIG)
      ours = _run({'y': sites.Edit(mask=silent)})
      _close(ours.logits, expected.logits)

  def test_patching_the_residual_stream_gives_the_other_run(self):
    with jax.enable_x64(True):
      other = _run({'v/0': sites.Edit(scale=-1.0)}, capture=('v',))
      last = other.captured['v'][2]
      patched = _run({'v/2': sites.Edit(value=last)})
      _close(patched.logits, other.logits)

  def test_gradients_of_edits_are_slopes(self):
    with jax.enable_x64(True):
      ways = {
          name: jax.random.normal(jax.random.key(i), _shape(name))
          for i, name in enumerate(_EDITABLE)
      }
      # The first token recalls nothing: ReLU is at its kink.
      ways['a'] = ways['a'].at[..., 0, :].set(0)

      @jax.jit
      def loss(sizes):
        edits = {
            name: sites.Edit(add=size * ways[name])
            for name, size in zip(_EDITABLE, sizes, strict=True)
        }
        params, tokens = _inputs()
        out = bdh.apply(params, tokens, _CONFIG, edits=edits)
        return jnp.sum(jnp.cos(out.logits))

      # Central differences: error of order step^2.
      steps = 1e-6 * jnp.eye(len(_EDITABLE))
      slopes = [(loss(s) - loss(-s)) / 2e-6 for s in steps]
      gradient = jax.grad(loss)(0 * steps[0])
      np.testing.assert_allclose(gradient, slopes, rtol=1e-5)
      self.assertGreater(jnp.abs(gradient).min(), 1e-3)

  @parameterized.parameters(
      (dict(edits={'u': sites.Edit(add=np.ones((5, 8)))}), '5 steps .* 6 tok'),
      (dict(edits={'u': sites.Edit(add=np.ones(7))}), r"'u' has shape \[7\]"),
      (dict(capture=('y/2',)), "'y' is used 2 times"),
      (dict(edits={'x_active': sites.Edit(add=1.0)}), 'but not edited'),
  )
  def test_errors(self, options, message):
    for form in _FORMS[:2]:
      with self.assertRaisesRegex(ValueError, message):
        with jax.enable_x64(True):
          _run(form=form, **options)


if __name__ == '__main__':
  absltest.main()

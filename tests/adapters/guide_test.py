"""The guide to flax, as a reader would paste it."""

import importlib.util
import pathlib
import re

from absl.testing import absltest
import jax
import numpy as np

_GUIDE = pathlib.Path(__file__).parents[2] / 'docs' / 'guides' / 'flax.md'


class GuideTest(absltest.TestCase):

  def test_code_runs_and_gives_what_it_says(self):
    blocks = re.findall(r'```python\n(.*?)```', _GUIDE.read_text(), re.DOTALL)
    self.assertLen(blocks, 6)
    nnx, loop, linen, functions, alone, equinox = blocks
    names = {}
    exec(nnx, names)
    self.assertEqual(names['outputs'].shape, (8, 20, 2))
    self.assertEqual(names['carry'].memory.shape, (8, 10))
    exec(loop, names)
    self.assertLess(names['losses'][-1], 0.7 * names['losses'][0])
    exec(linen, names)
    self.assertEqual(names['outputs'].shape, (8, 20, 2))
    self.assertEqual(set(names['variables']), {'params', 'fixed'})
    exec(functions, names)
    self.assertEqual(names['y'].shape, (8, 2))
    exec(alone, names)
    self.assertEqual(names['spikes'].shape, (8, 20, 3))
    if importlib.util.find_spec('equinox'):  # no requirement of the tests
      exec(equinox, names)
      shapes = jax.tree.map(np.shape, names['grads'])
      self.assertEqual(shapes.params, jax.tree.map(np.shape, names['params']))


if __name__ == '__main__':
  absltest.main()

"""The guide to sites, as a reader would paste it."""

import pathlib
import re

from absl.testing import absltest
import numpy as np

_GUIDES = pathlib.Path(__file__).parents[3] / 'docs' / 'guides'
_GUIDE = _GUIDES / 'look_inside.md'


class GuideTest(absltest.TestCase):

  def test_code_runs_and_gives_what_it_says(self):
    code = re.findall(r'```python\n(.*?)```', _GUIDE.read_text(), re.DOTALL)
    self.assertLen(code, 3)
    names = {}
    exec(code[0], names)
    self.assertEqual(names['seen']['y'].shape, (3, 4, 12, 64))
    self.assertEqual(names['seen']['v/0'].shape, (12, 16))
    exec(code[1], names)
    self.assertEqual(names['effects'].shape, (3, 12, 256))
    exec(code[2], names)
    self.assertEqual(names['seen']['residual'].shape, (4, 8))
    # Each layer multiplies by 1 + 2 * 0.8.
    np.testing.assert_allclose(names['logits'], 8 * 2.6**4, rtol=1e-5)


if __name__ == '__main__':
  absltest.main()

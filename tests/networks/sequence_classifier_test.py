"""The sequence classifier counts what it trains."""

from absl.testing import absltest
from absl.testing import parameterized
import jax

from nmlib.networks import sequence_classifier
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm

_ELM = elm.version(2, num_inputs=6, num_outputs=6, num_memory=4)


class SequenceClassifierTest(parameterized.TestCase):

  @parameterized.product(
      layer=[(elm, _ELM), (lstm, lstm.Config(6, 4, 6))],
      tokens=[0, 9],
      pair=[False, True],
  )
  def test_parameters_are_counted(self, layer, tokens, pair):
    config = sequence_classifier.Config(
        3, (layer, layer), num_tokens=tokens, num_features=2, width=6, pair=pair
    )
    params = sequence_classifier.init(jax.random.key(0), config)
    # ELM's time constants stand beside what is learned, but are not here.
    still = ('.fixed', '.tau_logit')
    learned = sum(
        leaf.size
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
        if not any(name in jax.tree_util.keystr(path) for name in still)
    )
    self.assertEqual(sequence_classifier.num_params(config), learned)


if __name__ == '__main__':
  absltest.main()

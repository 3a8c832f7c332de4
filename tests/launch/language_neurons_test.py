"""Language neurons, as a user starts the experiment."""

import dataclasses
import json

from absl.testing import absltest
from etils import epath
import jax
import numpy as np
import pytest

from launch.language_neurons import config as config_lib
from launch.language_neurons import experiment
from nmlib import train
from nmlib.data import weights
from nmlib.data.text import multilingual
from nmlib.networks import llama
from nmlib.networks import transformer
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


class LanguageNeuronsTest(launcher.LauncherTest):
  LAUNCHER = 'launch.language_neurons'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_report_counts_every_neuron_once(self):
    rows = self.smoke().report['tables']['Neurons by N']['rows']
    self.assertEqual(list(rows), ['0', '1', '2', '3', '4', '5'])
    for column, expected in (('selected', 14), ('all', 48)):
      total = np.sum([row[column] for row in rows.values()], 0)
      np.testing.assert_array_equal(total, [expected] * 2)

  def test_what_is_learned_is_mostly_of_the_first_language(self):
    draw = jax.jit(jax.vmap(lambda key: experiment.example(key, _SMOKE, False)))
    rows = np.asarray(draw(jax.random.split(jax.random.key(0), 700)))
    asks = multilingual.words(_SMOKE.world)[:, -6].tolist()
    asked = lambda rows: [asks.index(ask) for ask in rows[:, 7].tolist()]
    shares = np.bincount(asked(rows), minlength=5) / 700
    np.testing.assert_allclose(
        shares, np.array([10, 1, 1, 1, 1]) / 14, atol=0.06
    )
    draw = jax.jit(jax.vmap(lambda key: experiment.example(key, _SMOKE, True)))
    rows = np.asarray(draw(jax.random.split(jax.random.key(0), 700)))
    said = multilingual.words(_SMOKE.world)[:, -5].tolist()  # 'are'
    pairs = [
        (said.index(row[1]), language)
        for row, language in zip(rows.tolist(), asked(rows), strict=True)
        if row[1] in said
    ]
    self.assertBetween(len(pairs) / 700, 0.4, 0.6)
    self.assertEqual({*pairs}, {(0, 1), (1, 0), (0, 3), (3, 0)})

  def test_a_model_and_texts_are_read_from_files(self):
    run = train.Run(epath.Path(self.workdir))
    config = dataclasses.replace(
        _SMOKE, source='model', num_seeds=1,
        model=str(self.folder / 'model.safetensors'),
        texts=str(self.folder / 'texts.jsonl'),
        tokenizer=str(self.folder / 'words.bin'),
    )  # fmt: skip
    with self.assertRaisesRegex(FileNotFoundError, 'no such file'):
      experiment.experiment(config, run)
    official = dict(
        vocab_size=264, num_hidden_layers=2, hidden_size=8,
        num_attention_heads=2, intermediate_size=12, num_key_value_heads=1,
    )  # fmt: skip
    (self.folder / 'config.json').write_text(json.dumps(official))
    network = llama.config_from_official(official)
    arrays = llama.params_to_official(
        transformer.init(jax.random.key(0), network), network
    )
    weights.save(self.folder / 'model.safetensors', arrays)
    self.write_tokenizer(self.folder / 'words.bin')
    with self.assertRaisesRegex(FileNotFoundError, 'must be a file of JSON'):
      experiment.experiment(config, run)
    with self.assertRaisesRegex(FileNotFoundError, 'give --model=FILE'):
      experiment.experiment(dataclasses.replace(config, model=''), run)
    lines = [
        {'language': name, 'prompt': prompt, 'response': 'ab'}
        for name in ('one', 'two')
        for prompt in ('a', 'bab')
    ]
    text = '\n'.join(map(json.dumps, lines))
    (self.folder / 'texts.jsonl').write_text(text)
    config = dataclasses.replace(config, aligned=config.model)
    report = experiment.experiment(config, run)
    self.assertLen(report.claims, 7)  # none of the world's
    before = np.load(self.workdir / 'results' / 'base.npz')['before'][0]
    np.testing.assert_allclose(before[:2], np.log(264), rtol=0.1)
    self.assertEqual(before[0], before[1])  # the same texts
    run = train.Run(epath.Path(self.folder / 'other'))
    (self.folder / 'texts.jsonl').write_text(text + '\n{}')
    with self.assertRaisesRegex(ValueError, 'line 5, is no'):
      experiment.experiment(config, run)

  def write_tokenizer(self, path):
    """Writes one of bytes, as llama2.c's."""
    pieces = [b'<unk>', b'<s>', b'</s>']
    pieces += [f'<0x{byte:02X}>'.encode() for byte in range(256)]
    pieces += [b' ', b'a', b'b', b'ab', b' a']
    data = np.int32(max(map(len, pieces))).tobytes()
    for i, piece in enumerate(pieces):
      data += np.float32(i).tobytes() + np.int32(len(piece)).tobytes() + piece
    path.write_bytes(data)

  def test_the_paper_preset_reads_a_mistral(self):
    official = dict(
        model_type='mistral', vocab_size=32_000, num_hidden_layers=32,
        hidden_size=4096, num_attention_heads=32, num_key_value_heads=8,
        intermediate_size=14_336, max_position_embeddings=32_768,
        rope_theta=1e4, sliding_window=4096,
    )  # fmt: skip
    network = llama.config_from_official(official)
    params = jax.eval_shape(
        lambda key: transformer.init(key, network), jax.random.key(0)
    )
    self.assertEqual(params.layers.gate.kernel.shape, (32, 4096, 14_336))
    paper = config_lib.PRESETS['paper']
    self.assertEqual((paper.top_rate, paper.quantile), (0.01, 0.95))

  def test_released_counts_are_named_or_refused(self):
    code, _, err = self.run_launcher('--preset=real')
    self.assertEqual(code, 2)
    self.assertIn('give --counts=FOLDER', err)


def test_released_masks_come_out(data_folder, tmp_path):
  folder = data_folder / 'language_neurons'
  if not folder.exists():
    pytest.skip('NMLIB_DATA has no folder language_neurons')
  config = dataclasses.replace(config_lib.PRESETS['real'], counts=str(folder))
  report = experiment.experiment(config, train.Run(tmp_path))
  assert all(claim.holds for claim in report.claims)
  ours = report.claims[0].ours
  sizes = [np.asarray(ours[name]).item() for name in ('en', 'ru', 'sw')]
  assert sizes == [142, 556, 666]


if __name__ == '__main__':
  absltest.main()

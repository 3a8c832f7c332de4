"""Tasks of circuits: answers by reading the prompt, twins, numbers of kinds."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import numpy as np

from nmlib.data.tasks import circuit_tasks

_CONFIG = circuit_tasks.Config()
_NAMES = _CONFIG.names()


def _answer(words: list[str]) -> str:
  """Solves a prompt of any of the tasks by its words."""
  if words[0] == 'when':
    (answer,) = {words[1], words[3]} - {words[6]}
    return answer
  if words[0] == 'see':
    return words[words.index(words[9]) - 1]
  return f'n{(int(words[4][1:]) + 1) % _CONFIG.num_numbers}'


class CircuitTasksTest(parameterized.TestCase):

  @parameterized.parameters(*circuit_tasks.TASKS)
  def test_answers_can_be_read(self, name):
    keys = jax.random.split(jax.random.key(0), 300)
    draw = jax.jit(
        jax.vmap(circuit_tasks.TASKS[name], (0, None)), static_argnums=1
    )
    drawn = jax.tree.map(np.asarray, draw(keys, _CONFIG))
    self.assertEqual(drawn.tokens.shape, (300, circuit_tasks.LENGTH))
    for tokens, corrupt, answers, wrong in zip(*drawn, strict=True):
      words, twin = ([_NAMES[t] for t in row] for row in (tokens, corrupt))
      self.assertEqual(_answer(words), _NAMES[answers[0]])
      self.assertEqual(_answer(twin), _NAMES[answers[1]])
      self.assertNotEqual(*answers)
      self.assertEqual((tokens != corrupt).sum(), 1)
      candidates = [w for w in words if w[0] == 's' and w[1:].isdecimal()]
      misleading = [words[i] for i in np.flatnonzero(wrong)]
      right = _NAMES[answers[0]]
      self.assertEqual(misleading, [w for w in candidates if w != right])

  def test_orders_and_questions_are_even(self):
    keys = jax.random.split(jax.random.key(1), 3000)
    drawn = jax.vmap(circuit_tasks.indirect_objects)(keys)
    first = (drawn.tokens[:, 1] == drawn.tokens[:, 6]).mean()
    keys = jax.random.split(jax.random.key(2), 3000)
    drawn = jax.vmap(circuit_tasks.coloured_objects)(keys)
    asked = (drawn.tokens[:, 2:7:2] == drawn.tokens[:, 9:]).mean(0)
    # 3000 draws: five deviations.
    np.testing.assert_allclose(first, 1 / 2, atol=5 * (0.25 / 3000) ** 0.5)
    np.testing.assert_allclose(asked, 1 / 3, atol=5 * (2 / 9 / 3000) ** 0.5)

  def test_tokens_are_named_and_few(self):
    self.assertLen(_NAMES, _CONFIG.vocab_size)
    self.assertLen(set(_NAMES), 60)
    with self.assertRaisesRegex(ValueError, 'num_symbols'):
      circuit_tasks.Config(num_symbols=2)

  def test_prompts_are_of_every_task(self):
    found = circuit_tasks.prompts(jax.random.key(0), 5, _CONFIG)
    self.assertEqual([*found], [*circuit_tasks.TASKS])
    for (name, prompts), first in zip(
        found.items(), ('when', 'see', 'next'), strict=True
    ):
      self.assertEqual(prompts.tokens.shape, (5, circuit_tasks.LENGTH), name)
      for tokens, answers in zip(prompts.tokens, prompts.answers, strict=True):
        words = [_NAMES[t] for t in tokens]
        self.assertEqual(words[0], first)
        self.assertEqual(_answer(words), _NAMES[answers[0]])
    again = circuit_tasks.prompts(jax.random.key(1), 5, _CONFIG)
    for name, prompts in found.items():
      self.assertTrue(np.any(prompts.tokens != again[name].tokens))

  @parameterized.product(task=(0, 1, 2), answer=(0.0, 1.0))
  def test_lessons_weigh_what_they_say(self, task, answer):
    shares = [float(i == task) for i in range(3)]
    lesson = circuit_tasks.lesson(jax.random.key(task), shares, _CONFIG, answer)
    tokens, targets, weights = map(np.asarray, lesson)
    words = [_NAMES[t] for t in tokens]
    self.assertEqual(words[0], ('when', 'see', 'next')[task])
    self.assertEqual(weights[-1], answer)
    self.assertEqual(_NAMES[targets[-1]], _answer(words))
    labelled = np.flatnonzero(weights[:-1])
    # Each object's colour stands before it.
    self.assertEqual([*labelled], [2, 4, 6] if task == 1 else [])
    np.testing.assert_allclose(weights[labelled], 0.1)
    np.testing.assert_array_equal(targets[labelled], tokens[labelled - 1])


if __name__ == '__main__':
  absltest.main()

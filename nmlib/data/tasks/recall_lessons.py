"""Lessons from which a network learns to recall and to reason.

Several questions about one prompt of `recall_reasoning` (`lesson`), pairs that
come again and again (`rehearsal`, which soon teaches a network to look up what
was shown), and text. `row` mixes them by a curriculum.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.data.tasks import recall_reasoning as tasks
from nmlib.neurons.core import checks


class Lesson(NamedTuple):
  """Tokens, and which of them are to be predicted.

  `halfway` is what the lower half of a network can be asked for: of a chain one
  step, whatever is asked in the end. Two steps are slow to emerge without.
  """

  tokens: jax.Array  # int [T]
  asked: jax.Array  # bool [T]
  halfway: jax.Array  # int [T]
  halfway_asked: jax.Array  # bool [T]


class Mixture(NamedTuple):
  """Shares of what a row can be, and of questions in a lesson."""

  text: float | jax.Array
  rehearsal: float | jax.Array  # the others are lessons
  chains: float | jax.Array  # of questions
  one_step: float | jax.Array  # of those


def known(key: jax.Array, config: tasks.Config) -> tasks.World:
  """Returns the world that a network of this key learns by heart."""
  return tasks.world(jax.random.fold_in(key, 2**30), config)


def curriculum(
    step: int | jax.Array, steps: int, rehearsal: float, text: float,
    chains: float,
) -> Mixture:  # fmt: skip
  """Returns the mixture at a step of training.

  For some steps questions of chains are of one step; in as many more all but a
  tenth come to be of two, and but a twentieth of rows to be lessons or text.

  Args:
    step: of training.
    steps: of each of the two parts.
    rehearsal: share of rows, at first.
    text: share of rows.
    chains: share of questions.

  Raises:
    ValueError: if there are no steps.
  """
  checks.count('steps', steps)
  early = 1 - jnp.clip((step - steps) / steps, 0, 1)
  return Mixture(
      text,
      jnp.maximum(rehearsal * early, 0.05),
      chains,
      jnp.maximum(early, 0.1),
  )


def length(config: tasks.Config, questions: int) -> int:
  """Returns the tokens of a lesson."""
  return config.length - 2 + 3 * questions


def row(
    key: jax.Array, known: tasks.World, config: tasks.Config, questions: int,
    mixture: Mixture,
) -> Lesson:  # fmt: skip
  """Draws text, a rehearsal or a lesson, of the length of a lesson.

  Raises:
    ValueError: as of `lesson`.
  """
  keys = jax.random.split(key, 4)
  asked = lesson(
      keys[2], known, config, questions, mixture.chains, mixture.one_step
  )
  size = length(config, questions)
  words = tasks.text(keys[0], known, config, size)
  every = jnp.ones(size, bool)
  kinds = (
      Lesson(words, every, words, ~every),
      rehearsal(keys[1], config, size, min(5, config.num_symbols // 2)),
      asked,
  )
  chance = jax.random.uniform(keys[3])
  kind = (chance >= mixture.text).astype(int)
  kind += chance >= mixture.text + mixture.rehearsal
  return jax.tree.map(lambda *leaves: jnp.stack(leaves)[kind], *kinds)


def lesson(
    key: jax.Array, known: tasks.World, config: tasks.Config, questions: int,
    of_chains: float | jax.Array, of_one_step: float | jax.Array,
) -> Lesson:  # fmt: skip
  """Draws a prompt with several questions, each with its answer.

  Args:
    key: of the draw.
    known: of `world`.
    config: static.
    questions: Q, how many.
    of_chains: share of questions that ask for a chain, not a fact.
    of_one_step: share of those that ask for one step.

  Returns:
    A lesson of T = length - 2 + 3 Q tokens, answers asked.

  Raises:
    ValueError: if the world is of another config, or there is no question.
  """
  tasks.check(known, config)
  checks.count('questions', questions)
  keys = jax.random.split(key, 5)
  draw = lambda i, size: jax.random.randint(keys[i], (questions,), 0, size)
  chance = lambda i, p: jax.random.uniform(keys[i], (questions,)) < p
  chains, order = tasks.shown(keys[0], config)
  asked, relation = draw(1, config.num_chains), draw(2, config.num_relations)
  subject = chains[asked, 0]
  far = 2 - chance(3, of_one_step).astype(int)
  reasons = chance(4, of_chains)
  answer = jnp.where(
      reasons, chains[asked, far], known.attributes[relation, subject]
  )
  relation = jnp.where(
      reasons, config.then + 2 - far, config.num_symbols + relation
  )
  shown, _ = tasks.tokens_of(chains, order)
  rows = jnp.stack([relation, subject, answer], 1).ravel()
  tokens = jnp.concatenate([shown, rows]).astype(jnp.int32)
  places = jnp.arange(len(tokens)) - len(shown)
  answers = (places >= 0) & (places % 3 == 2)
  at = len(shown) + 2 + 3 * jnp.arange(questions)
  halfway = tokens.at[at].set(chains[asked, 1])
  return Lesson(tokens, answers, halfway, answers.at[at].set(reasons))


def rehearsal(
    key: jax.Array, config: tasks.Config, length: int, pairs: int = 5
) -> Lesson:
  """Draws tokens int [length], different pairs that come again and again.

  The second symbol is asked of pairs that have been shown.

  Raises:
    ValueError: if there are too few symbols for the pairs, or no tokens.
  """
  checks.count('length', length)
  if not 1 <= pairs <= config.num_symbols // 2:
    raise ValueError(
        f'pairs must be 1 to half of num_symbols={config.num_symbols}, got'
        f' {pairs}.'
    )
  symbols, which = jax.random.split(key)
  drawn = tasks.shuffled(symbols, config.num_symbols)[: 2 * pairs]
  shown = jax.random.randint(which, (-(-length // 2),), 0, pairs)
  seen = jnp.tril(shown[:, None] == shown[None], -1).any(1)
  tokens = drawn.reshape(pairs, 2)[shown].ravel()[:length]
  asked = jnp.stack([jnp.zeros_like(seen), seen], 1).ravel()[:length]
  tokens = tokens.astype(jnp.int32)
  return Lesson(tokens, asked, tokens, asked)


def splits(
    key: jax.Array, config: tasks.Config, count: int
) -> tuple[tasks.Prompt, tasks.Prompt, jax.Array]:
  """Draws prompts of both tasks to discover by, others to test, and a control.

  Args:
    key: of a network; of its world, see `known`, are the facts.
    config: static.
    count: B, prompts of a task in a split.

  Returns:
    Prompts [2, B, ...], of recall and of chains, twice; texts int [B, T].
  """
  checks.count('count', count)
  own = known(key, config)
  keys = jax.random.split(jax.random.fold_in(key, 2**30 + 1), 5)
  several = lambda draw, key: jax.vmap(draw)(jax.random.split(key, count))
  recall = lambda key: tasks.recall(key, own, config)
  chain = lambda key: tasks.chain(key, config)
  both = lambda a, b: jax.tree.map(
      lambda *leaves: jnp.stack(leaves), several(recall, a), several(chain, b)
  )
  text = lambda key: tasks.text(key, own, config, config.length)
  return both(keys[0], keys[1]), both(keys[2], keys[3]), several(text, keys[4])

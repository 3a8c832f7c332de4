"""The experiment of `launch.autonomous_rnn`: alone, then with bars to see."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from launch.autonomous_rnn import measure
from launch.autonomous_rnn import report
from launch.autonomous_rnn.config import BLOCKS
from launch.autonomous_rnn.config import Config
from launch.autonomous_rnn.config import Rule
from nmlib import train
from nmlib.analysis import receptive_fields
from nmlib.data.tasks import bars
from nmlib.networks import clique_network


class State(NamedTuple):
  """A network among images, and what it did in each of K blocks of them."""

  step: jax.Array  # [], images
  params: clique_network.Params
  network: clique_network.State
  counts: jax.Array  # [K, C, 2 L], winners when one bar alone was shown
  whole: jax.Array  # [K], time with an image on that some clique is whole
  shown: jax.Array  # [K], images
  learns: jax.Array  # bool []
  key: jax.Array  # []


def experiment(config: Config, run: train.Run) -> train.Report:
  """Lets networks run alone, then teaches them, and compares."""
  alone = run.result('autonomy', lambda: measure.autonomy(config))
  learned: dict[str, measure.Learned] = {}
  for rule in config.rules:
    fitted = train.fit(run, stage(config, rule))
    learned[rule] = measure.of_learning(config, fitted)
    found = learned[rule].end('preferred', 0)
    run.say(f'{rule}: {found.mean():.1f} of {2 * config.size} bars')
  return report.make(config, alone, learned)


def stage(config: Config, rule: Rule | None = None) -> train.Stage:
  """Returns the learning by a rule, by default the first.

  Beside the networks that learn by the first one are the same ones that do not.
  """
  rule = rule or config.rules[0]
  network = config.network(rule)
  templates = jnp.asarray(bars.templates(config.size))

  def init(key, learns):
    keys = jax.random.split(key, 3)
    size = BLOCKS, network.num_cliques, len(templates)
    return State(
        jnp.int32(0), clique_network.init(keys[0], network),
        clique_network.initial_state(network, key=keys[1]),
        jnp.zeros(size), jnp.zeros(BLOCKS), jnp.zeros(BLOCKS), learns, keys[2],
    )  # fmt: skip

  def draw(key, step):
    return bars.draw(train.step_key(key, step), config.size)

  def step(state, image):
    block = state.step * BLOCKS // config.loop.num_steps
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), 2)
    reached, at_end, whole = shown(state, image.pixels, key, config, network)
    bar = bars.single(image.present)
    counts = state.counts.at[block, at_end, bar].add((at_end >= 0) & (bar >= 0))
    state = state._replace(
        step=state.step + 1, network=reached, counts=counts,
        whole=state.whole.at[block].add(whole),
        shown=state.shown.at[block].add(1),
    )  # fmt: skip
    return state, {'whole': whole}

  def evaluate(state, templates):
    afferent = state.params.afferent + state.network.afferent_change
    fields = clique_network.receptive_fields(afferent, network)
    return receptive_fields.preference(fields, templates)

  return train.Stage(
      name=rule, loop=config.loop, init=init, step=step, data=draw,
      evaluate=evaluate, eval_data=templates,
      seeds=tuple(range(config.num_seeds)),
      sweep=np.array([True, False][: 2 if rule == config.rules[0] else 1]),
  )  # fmt: skip


def shown(state: State, pixels, key, config: Config, network):
  """Shows an image, then none for a time; the next one falls at any moment.

  Args:
    state: before.
    pixels: [L * L].
    key: of the time.
    config: of the launcher.
    network: its config.

  Returns:
    The network's state; its winner as the image vanishes (-1: none); the share
    of the time with the image on that a clique is whole.
  """
  on, low, high = config.steps
  length = on + jax.random.randint(key, (), low, high + 1)

  def advance(now, place):
    y = jnp.where(place < on, pixels, 0)
    after, activity = clique_network.step(state.params, now, y, network)
    change = jnp.where(state.learns, after.afferent_change, now.afferent_change)
    after = after._replace(afferent_change=change)
    # Every seed takes as many steps: those that are done wait.
    lasts = place < length
    return (
        jax.tree.map(lambda a, b: jnp.where(lasts, a, b), after, now),
        activity,
    )

  reached, activity = jax.lax.scan(
      advance, state.network, jnp.arange(on + high)
  )
  winners = clique_network.winner(activity[:on], network)
  return reached, winners[-1], jnp.mean(winners >= 0)

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
from nmlib.networks import clique_trials


class State(NamedTuple):
  """A network among images, and what it did in each of K blocks of them."""

  step: jax.Array  # [], images
  params: clique_network.Params
  network: clique_network.State
  counts: jax.Array  # [K, C, 2 L], winners when one bar alone was shown
  whole: jax.Array  # [K], time with an image on that some clique is whole
  learns: jax.Array  # bool []
  key: jax.Array  # []


def experiment(config: Config, run: train.Run) -> train.Report:
  """Lets networks run alone, then teaches them, and compares."""
  alone = run.result('autonomy', lambda: measure.autonomy(config))
  learned: dict[str, measure.Learned] = {}
  for rule in config.rules:
    fitted = train.fit(run, stage(config, rule))
    learned |= (found := measure.of_learning(config, rule, fitted))
    bars_found = found[f'{rule} rule'].end('preferred').mean()
    run.say(f'{rule}: {bars_found:.1f} of {2 * config.size} bars')
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
        jnp.zeros(size), jnp.zeros(BLOCKS), learns, keys[2],
    )  # fmt: skip

  draw = lambda key, step: bars.draw(
      train.step_key(key, step), config.size, noise=config.noise
  )

  def step(state, image):
    block = state.step * BLOCKS // config.loop.num_steps
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), 2)
    on, shortest, longest = config.steps
    found = clique_trials.show(
        state.params, state.network, image.pixels,
        jax.random.randint(key, (), shortest, longest + 1), network,
        on=on, longest=longest, learns=state.learns,
    )  # fmt: skip
    clique, bar = found.winner, bars.single(image.present)
    counts = state.counts.at[block, clique, bar].add((clique >= 0) & (bar >= 0))
    state = state._replace(
        step=state.step + 1, network=found.state, counts=counts,
        whole=state.whole.at[block].add(found.whole),
    )  # fmt: skip
    return state, {'whole': found.whole}

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

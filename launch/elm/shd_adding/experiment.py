"""The experiment of `launch.elm.shd_adding`: every model learns the sums."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from launch.elm.shd_adding import report
from launch.elm.shd_adding.config import Config
from nmlib import train
from nmlib.data.events import digit_sums
from nmlib.networks import elm_network
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm

Network = tuple[Any, Any]  # module and config


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every model, and tests it on other recordings."""
  task = digit_sums.load(
      config.path, bin_width=config.dt / 1000, binary=config.binary
  )
  accuracy, sizes = {}, {}
  for name, network in networks(config, task).items():
    run.say(f'model {name}')
    fitted = train.fit(run, stage(config, task, name, network))
    accuracy[name] = fitted.history['test/accuracy'][1][-1]
    sizes[name] = network[0].num_params(network[1])
  return report.make(config, task.chance, accuracy, sizes)


def networks(config: Config, task: digit_sums.Task) -> dict[str, Network]:
  """Returns (module, config) of every model that is asked for."""
  inputs, classes = task.num_inputs, task.num_classes
  made: dict[str, Network] = {}
  for tau in config.tau_max if 'elm' in config.models else ():
    made[report.name_of(tau)] = elm, elm.version(
        2, num_inputs=inputs, num_outputs=classes, num_memory=config.num_memory,
        tau_max=tau, dt=config.dt,
    )  # fmt: skip
  if 'network' in config.models:
    made['ELM network'] = elm_network, elm_network.Config(
        inputs, classes, hidden=config.hidden, num_memory=config.hidden_memory,
        branches=config.branches, tau_max=config.tau_max[-1], dt=config.dt,
        synapses_per_branch=config.synapses_per_branch,
        input_dropout=config.variational_dropout,
        recurrent_dropout=config.variational_dropout,
    )  # fmt: skip
  for name, span in (('lstm', 0.0), ('chrono lstm', float(task.num_steps))):
    if name in config.models:
      made[name] = lstm, lstm.Config(
          inputs, config.num_units, classes, chrono=span
      )
  return made


def stage(
    config: Config, task: digit_sums.Task, name: str, network: Network
) -> train.Stage:
  """Returns the training of a model; it evaluates on pairs to be tested on."""
  module, sizes = network
  loop, rate = config.loop, config.input_dropout

  def loss(params, row, key):
    spikes, total = row
    drop, variational = jax.random.split(key)
    spikes = digit_sums.thinned(drop, spikes, rate)
    key = variational if config.variational_dropout else None
    found, out = logits(network, params, spikes, key)
    target = optax.smooth_labels(
        jax.nn.one_hot(total, task.num_classes), config.label_smoothing
    )
    value = optax.softmax_cross_entropy(found, target)
    if module is elm_network and config.activity_penalty:
      value += config.activity_penalty * elm_network.activity_penalty(out)
    return value, {'accuracy': (jnp.argmax(found) == total).astype(float)}

  def evaluate(state, _):
    def right(key):
      draw, drop = jax.random.split(key)
      spikes, total = task.test(draw)
      spikes = digit_sums.thinned(drop, spikes, rate)
      return jnp.argmax(logits(network, state.params, spikes)[0]) == total

    keys = jax.random.split(jax.random.key(7), config.test_pairs)
    hits = jax.lax.map(right, keys, batch_size=min(100, config.test_pairs))
    return {'test/accuracy': jnp.mean(hits)}

  peak = config.learning_rate  # after the warm-up; then it falls as a cosine
  schedule = optax.warmup_cosine_decay_schedule(
      0.0 if config.warmup else peak, peak, config.warmup, loop.num_steps
  )
  return train.Stage(
      name=name.replace(', ', '_').replace(' ', '_'), loop=loop,
      init=lambda key: module.init(key, sizes), loss=loss, evaluate=evaluate,
      optimizer=train.clipped(optax.adamax(schedule), config.clip),
      data=train.fresh(task.train, loop.batch_size),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def logits(network: Network, params, spikes: jax.Array, key=None):
  """Returns outputs of the last step, and all; a key turns dropout on."""
  module, config = network
  start = module.initial_state(config)
  if module is not elm_network:
    _, out = module.unroll(params, start, spikes, config)
    return out[-1], out
  _, out = module.unroll(params, start, spikes, config, key=key)
  return out.outputs[-1], out

"""The experiment of `launch.bdh.memory`: learn to copy, and see what fires."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.bdh.memory import report
from launch.bdh.memory.config import Config
from nmlib import train
from nmlib.data.tasks import fact_repetition
from nmlib.neurons import bdh

_CUT = ('carried', 'cleared')  # variants that read sequences in windows


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every variant, and measures it along held-out sequences."""
  measured, losses = {}, {}
  for variant in config.variants:
    run.say(f'variant {variant}')
    fitted = train.fit(run, stage(config, variant))
    losses[variant] = fitted.history['loss']
    params = train.to_host(fitted.state.params)
    compute = functools.partial(_along_all, params, config, variant)
    measured[variant] = run.result(f'along_{variant}', compute)
  return report.make(config, losses, measured)


def stage(config: Config, variant: str = 'whole') -> train.Stage:
  """Returns the training of a variant; for the planner, on whole sequences."""
  length, model = _setting(config, variant)

  def loss(params, state, example, key):
    value, state = bdh.stream_loss(
        params, state, example['tokens'], example['targets'], model,
        key=key, rebase=config.rebase,
    )  # fmt: skip
    return value, (state, {})

  optimizer = optax.adamw(
      config.learning_rate, weight_decay=config.weight_decay
  )
  if config.clip:
    optimizer = optax.chain(train.zclip(), optimizer)
  always = lambda example: True
  row = jax.ShapeDtypeStruct((length,), jnp.int32)
  return train.Stage(
      name=variant,
      loop=train.Loop(
          config.window_steps if variant in _CUT else config.num_steps,
          batch_size=config.batch_size,
          steps_per_call=config.log_every,
          log_every=config.log_every,
          checkpoint_every=5 * config.log_every,
      ),
      data=lambda key, step: fact_repetition.windows(
          train.step_key(key, jnp.int32(0)),
          step,
          config.batch_size,
          length,
          config.task,
      ),
      example={'tokens': row, 'targets': row},
      seeds=tuple(range(config.num_seeds)),
      items_per_row=length,
      item='token',
      **train.truncated_bptt(
          functools.partial(bdh.init, config=model),
          loss,
          optimizer,
          functools.partial(bdh.initial_state, model),
          batch_size=config.batch_size,
          reset=always if variant == 'cleared' else train.carried.first_token,
          rules=bdh.partition_rules(model),
      ),
  )


def along(
    params: bdh.Params, tokens: jax.Array, config: Config, variant: str
) -> dict[str, jax.Array]:
  """Reads a sequence, int [T + 1], of one seed as the variant is trained on it.

  Returns:
    'loss' [T] of each target; 'y_active' [2, L, T], shares of the slower and
    the faster half of neurons (by rotation) with y > 0.
  """
  length, model = _setting(config, variant)
  frequency = bdh.frequencies(model)
  fast = frequency > np.median(frequency)
  start = bdh.initial_state(model)

  def read(state, pair):
    state = start if variant == 'cleared' else state
    out = bdh.apply(params, pair[0], model, state=state, capture=('y',))
    loss = bdh.surprisal(out.logits, pair[1])
    fires = out.captured['y'] > 0  # [L, h, t, N]
    shares = [jnp.mean(fires[..., half], (1, 3)) for half in (~fast, fast)]
    return out.state, (loss, jnp.stack(shares))

  pairs = tokens[:-1].reshape(-1, length), tokens[1:].reshape(-1, length)
  loss, active = jax.lax.scan(read, start, pairs)[1]
  active = jnp.moveaxis(active, 0, 2).reshape(2, model.num_layers, -1)
  return {'loss': loss.ravel(), 'y_active': active}


def _setting(config: Config, variant: str) -> tuple[int, bdh.Config]:
  """Returns how many tokens the variant reads at a time, and its model."""
  model = dataclasses.replace(
      config.model,
      detach=variant == 'detached',
      residual='neuron' if variant == 'neuron' else config.model.residual,
  )
  return config.window if variant in _CUT else config.task.period - 1, model


@functools.partial(jax.jit, static_argnums=(1, 2))
def _along_all(params, config, variant):
  """Means of `along` over held-out sequences, of every seed [S, ...]."""
  keys = jax.random.split(jax.random.key(10**6), config.eval_rows)
  rows = jax.vmap(lambda key: fact_repetition.sequence(key, config.task))(keys)

  def seed(params):
    one = lambda tokens: along(params, tokens, config, variant)
    found = jax.lax.map(one, rows, batch_size=min(16, config.eval_rows))
    return jax.tree.map(lambda leaf: jnp.mean(leaf, 0), found)

  return jax.lax.map(seed, params)

"""STDP on a CPU beside Brian2, NEST and BindsNET, in turns.

  python benchmarks/plasticity.py --brian2_python=ENVIRONMENT/bin/python \
      --nest_python=... --bindsnet_python=...

1,000 Poisson inputs of 15 Hz to 100 integrate-and-fire cells through 100,000
synapses that learn by the additive pair rule, 10 seconds. Each peer lives in an
environment of its own (Brian2 2.9 on Python 3.11 needs numpy < 2.4), in which
`plasticity_<peer>.py` runs. Rates and weights are shown first: all simulate the
same network, with random numbers of their own, and each simulator's convention
for spikes that coincide. --dt takes several steps, as 1.0,0.1.
"""

import functools
from typing import Any

from absl import app
from absl import flags
import alternation

_ROUNDS = flags.DEFINE_integer('rounds', 5, 'Turns; each times everything.')
_PEERS = {
    name: flags.DEFINE_string(
        f'{name.lower()}_python',
        '',
        f'Interpreter with {name}; none: left out.',
    )
    for name in ('Brian2', 'NEST', 'BindsNET')
}
_TARGET = flags.DEFINE_string('target', 'cython', 'Of Brian2: cython, cpp.')
_SECONDS = flags.DEFINE_float('seconds', 10.0, 'Of simulated time.')
_STEPS = flags.DEFINE_list('dt', ['1.0', '0.1'], 'Steps in ms.')

INPUTS, CELLS, RATE = 1000, 100, 15.0  # Hz
TAU, W_MAX = 20.0, 0.008  # ms; in thresholds


def simulate(key, dt: float, seconds: float, form: str):
  """Returns input and output rates in Hz, and the mean weight over w_max."""
  import jax
  import jax.numpy as jnp

  from nmlib.plasticity.presets import brian2
  from nmlib.plasticity.stdp import events
  from nmlib.plasticity.stdp import pair

  rule = brian2.stdp(wmax=W_MAX, dt=dt)
  start, run = jax.random.split(key)
  weights = jax.random.uniform(start, (INPUTS, CELLS), maxval=W_MAX)
  state: Any
  if form == 'dense':
    state, step = pair.initial_state(weights, rule), pair.step
  else:
    state = events.initial_state(weights, rule)
    step = functools.partial(
        events.event_step, capacity=(32, 12) if dt >= 1 else (8, 4)
    )
  keep = jnp.exp(-dt / TAU)

  def advance(carry, key):
    state, voltage, counts = carry
    draw = jax.random.uniform(key, (INPUTS,)) < RATE * dt / 1000
    spikes = (voltage * keep > 1).astype(jnp.float32)
    voltage = jnp.where(spikes > 0, 0, voltage * keep)
    inputs = draw.astype(jnp.float32)
    state, drive = step(state, inputs, spikes, rule)
    counts += jnp.array([jnp.sum(inputs), jnp.sum(spikes)])
    return (state, voltage + drive, counts), None

  keys = jax.random.split(run, round(1000 * seconds / dt))
  carry = state, jnp.zeros(CELLS), jnp.zeros(2)
  (state, _, counts), _ = jax.lax.scan(advance, carry, keys)
  synapses: Any = getattr(state, 'synapses', state)
  rates = counts / jnp.array([INPUTS, CELLS]) / seconds
  return jnp.append(rates, jnp.mean(synapses.weights) / W_MAX)


def ours(dt: float, seconds: float, form: str):
  """Returns a function that simulates once, and returns what it found."""
  import jax

  run = jax.jit(lambda key: simulate(key, dt, seconds, form))

  def once():
    found = jax.block_until_ready(run(jax.random.key(0)))
    print(f'ours, {form}: {found}', flush=True)

  run(jax.random.key(1)).block_until_ready()
  return once


def theirs(name: str, python: str, dt: float, seconds: float, target: str):
  """Returns a function that has a peer simulate once in its environment."""
  script = __file__.replace('.py', f'_{name.lower()}.py')
  peer = alternation.Peer(python, script, dt, seconds, target)
  return lambda: print(f'{name}: {peer.ask()}', flush=True)


def main(argv):
  del argv
  peers = {name: flag.value for name, flag in _PEERS.items() if flag.value}
  for name in _PEERS.keys() - peers:
    print(f'{name} is left out: give --{name.lower()}_python.')
  for dt in map(float, _STEPS.value):
    size = dt, _SECONDS.value
    contenders: dict[str, Any] = {
        form: (ours, *size, form) for form in ('dense', 'events')
    }
    for name, python in peers.items():
      contenders[name] = theirs, name, python, *size, _TARGET.value
    seconds = alternation.alternate(contenders, _ROUNDS.value)
    for name, values in seconds.items():
      print(f'dt {dt} ms, {name}: {alternation.spread(values)} s', flush=True)
      for peer in peers if name not in peers else ():
        pairs = zip(seconds[peer], values, strict=True)
        ratio = alternation.spread([a / b for a, b in pairs])
        print(f'  {peer} / {name}: {ratio}', flush=True)


if __name__ == '__main__':
  app.run(main)

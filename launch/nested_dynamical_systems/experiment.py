"""The experiment of `launch.nested_dynamical_systems`: four demonstrations."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from launch.nested_dynamical_systems import report
from launch.nested_dynamical_systems.config import Config
from nmlib import train
from nmlib.data.tasks import moons
from nmlib.environments import swimmer
from nmlib.networks import ncap
from nmlib.networks.wiring import learner as learn
from nmlib.networks.wiring import lens
from nmlib.networks.wiring import moore
from nmlib.networks.wiring import org


def experiment(config: Config, run: train.Run) -> train.Report:
  """Composes, feeds back, switches and swims."""
  found = {}
  for function in (descent, feedback, switch, swim):
    name = function.__name__
    run.say(name)
    with jax.enable_x64(function is not switch):
      found[name] = run.result(name, functools.partial(function, config))
  return report.make(config, found)


def descent(config: Config) -> dict[str, jax.Array]:
  """Returns how far learners and SGD are apart, `gap` [S, T]; `right` [S]."""
  eps = config.learning_rate
  sizes = list(zip((2, *config.hidden), (*config.hidden, 2), strict=True))
  dense = lambda p, a: p[0] @ a + p[1]
  layer = (
      lambda last: lambda p, a: dense(p, a) if last else jnp.tanh(dense(p, a))
  )
  layers = [layer(i == len(sizes) - 1) for i in range(len(sizes))]
  network = learn.learner_compose(
      *(learn.gradient_learner(apply, (), eps) for apply in layers)
  )

  def loss(params, a, b):
    for apply, p in zip(layers, params, strict=True):
      a = apply(p, a)
    return jnp.sum((a - b) ** 2) / 2

  def one(key):
    keys = jax.random.split(key, len(sizes) + 1)
    start = tuple(
        (jax.random.normal(k, (n, m)) / m**0.5, jnp.zeros(n))
        for k, (m, n) in zip(keys[1:], sizes, strict=True)
    )
    points, labels = moons.sample(keys[0], config.num_steps)
    wanted = jax.nn.one_hot(labels, 2)

    def step(both, pair):
      ours, plain = both
      out = network.implement(ours, pair[0])
      ours = network.update(ours, *pair)
      slope = jax.grad(loss)(plain, *pair)
      plain = jax.tree.map(lambda p, g: p - eps * g, plain, slope)
      apart = jax.tree.map(lambda x, y: jnp.abs(x - y).max(), ours, plain)
      largest = jnp.max(jnp.stack(jax.tree.leaves(apart)))
      return (ours, plain), (largest, jnp.argmax(out) == jnp.argmax(pair[1]))

    _, (gap, right) = jax.lax.scan(step, (start, start), (points, wanted))
    return gap, right[config.num_steps // 2 :].mean()

  keys = jax.random.split(jax.random.key(0), config.num_seeds)
  gap, right = jax.jit(jax.vmap(one))(keys)
  return {'gap': gap, 'right': right}


def feedback(config: Config) -> dict[str, jax.Array]:
  """Returns the largest distance of two machines to the block system [S]."""
  n, m = config.plants
  ring = lens.Lens(lambda y: y[0], lambda y, u: (u - y[1], y[0]))

  shapes = (n, n), (n, 2), (3, n), (m, m), (m, 3), (2, m)
  linear = lambda a, b, c: moore.Moore(
      lambda x: c @ x, lambda x, u: a @ x + b @ u, lambda key: None
  )

  def one(matrices, start, us):
    a, b, c, a2, b2, c2 = matrices
    whole = moore.moore_wrap((linear(a, b, c), linear(a2, b2, c2)), ring)
    block = linear(
        jnp.block([[a, -b @ c2], [b2 @ c, a2]]),
        jnp.concatenate([b, jnp.zeros((m, 2))]),
        jnp.concatenate([c, jnp.zeros((3, m))], 1),
    )
    _, got = moore.moore_run(whole, (start[:n], start[n:]), us)
    _, want = moore.moore_run(block, start, us)
    return jnp.abs(got - want).max(), jnp.abs(want).max()

  rng, seeds = np.random.default_rng(0), config.num_seeds
  draw = lambda *shape: jnp.asarray(rng.normal(size=(seeds, *shape)))
  matrices = [draw(*shape) / (4 * max(shape)) ** 0.5 for shape in shapes]
  gap, size = jax.jit(jax.vmap(one))(
      matrices, draw(n + m), draw(config.feedback_steps, 2)
  )
  return {'gap': gap, 'size': size}


def switch(config: Config) -> dict[str, jax.Array]:
  """Returns shares of right signs, `wiring` [rates, S], and `... trace` [P].

  The target is x or -x in turn, for a period each. Two linear experts start
  alike for all wirings. Traces are of the first rate, by step since a switch.
  """
  steps = config.period * config.switches
  flipped = jnp.arange(steps) // config.period % 2 == 1
  keys = jax.random.split(jax.random.key(0), config.num_seeds)
  xs = jax.vmap(lambda k: jax.random.normal(k, (steps, 2)))(keys)
  ys = jnp.where(flipped[:, None], -xs, xs)
  key = jax.random.key(1)
  starts = jax.random.normal(key, (config.num_seeds, 2, 2, 2)) / 4

  def wirings(weights, rate):
    experts = [learn.gradient_learner(jnp.matmul, w, rate) for w in weights]
    plain = lambda apply: learn.gradient_learner(apply, (), rate)
    mean = learn.learner_compose(
        plain(lambda p, a: (a, a)), learn.learner_tensor(*experts),
        plain(lambda p, a: (a[0] + a[1]) / 2),
    )  # fmt: skip
    return {
        'by state': org.org_experts(tuple(experts), config.gate_rate),
        'one expert': org.org_from_learner(experts[0]),
        'mean of experts': org.org_from_learner(mean),
    }

  def one(weights, xs, ys, rate):
    found = {}
    for name, system in wirings(weights, rate).items():
      _, (out, _) = org.org_run(system, system.state, xs, ys)
      right = jnp.mean(jnp.sign(out) == jnp.sign(ys), 1)
      found[name] = right.reshape(-1, config.period)[config.switches // 2 :]
    return found

  rows = []
  for rate in config.rates:
    every = jax.vmap(functools.partial(one, rate=rate))
    rows.append(jax.jit(every)(starts, xs, ys))
  found = {k: jnp.stack([row[k].mean((1, 2)) for row in rows]) for k in rows[0]}
  traces = {f'{k} trace': row.mean((0, 1)) for k, row in rows[0].items()}
  return found | traces


def swim(config: Config) -> dict[str, jax.Array]:
  """Returns `gap` [S] of machines to a loop, speeds [S] m/s, `angles` [T, n].

  At once, the circuit is in the wiring, which has no state: what the joints put
  out becomes torques on their way back in. A machine of its own is a step late.
  """
  chain = dataclasses.replace(config.body.chain, dtype='float64')
  body = dataclasses.replace(config.body, chain=chain)
  sizes = ncap.Config(body.num_joints, param_dtype='float64')
  params = ncap.init(jax.random.key(0), sizes)
  move = lambda s, u: swimmer.step(jax.random.key(0), s, u, body).state
  joints = lambda s: s.chain.qpos[3:]
  act = lambda angles, t: ncap.apply(params, angles, t, sizes)
  worm = moore.Moore(joints, move, lambda key: swimmer.reset(key, body)[1])
  clock = moore.Moore(
      lambda t: t, lambda t, x: t + 1, lambda key: jnp.zeros((), int)
  )
  shapes = jnp.zeros(body.num_joints), jnp.zeros((), int)
  circuit = moore.as_moore(ncap, sizes, shapes)
  nested = moore.moore_wrap(
      (worm, clock), lens.Lens(lambda o: o[0], lambda o, x: (act(*o), ()))
  )
  late = moore.moore_wrap(
      (worm, clock, circuit),
      lens.Lens(lambda o: o[0], lambda o, x: (o[2], (), (o[0], o[1]))),
  )
  ticks = jnp.arange(config.swim_steps)

  def one(key):
    start = worm.init(key)
    ends = {}
    for name, machine in (('at once', nested), ('late', late)):
      state = (start, *machine.init(key)[1:])
      end, angles = moore.moore_run(machine, state, ticks)
      ends[name] = end[0], angles
    loop = lambda s, t: (move(s, act(joints(s), t)), joints(s))
    ends['loop'] = jax.lax.scan(loop, start, ticks)
    away = lambda end: jnp.linalg.norm((end.chain.qpos - start.chain.qpos)[:2])
    time = config.swim_steps * body.substeps * chain.dt
    speeds = {f'{k} speed': away(end) / time for k, (end, _) in ends.items()}
    gap = jnp.abs(ends['at once'][1] - ends['loop'][1]).max()
    return speeds | {'gap': gap, 'angles': ends['at once'][1]}

  keys = jax.random.split(jax.random.key(0), config.num_seeds)
  found = jax.jit(jax.vmap(one))(keys)
  return found | {'angles': found['angles'][0]}

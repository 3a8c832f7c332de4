"""Times BDH training beside the authors' PyTorch code on one GPU.

  git clone https://github.com/pathwaycom/bdh
  python benchmarks/bdh_gpu.py --official=bdh/bdh.py

A step is forward, backward and AdamW on random bytes, in bfloat16 with float32
sums, dropout 0.1, at the authors' sizes (25M weights, T 512, B 32). The
official model runs under `torch.compile` and bfloat16 autocast, as in its
train.py. Contenders take turns within a run, each in a process of its own, so
that they share the clocks of the moment and not the memory.

Utilisation is model FLOPs a second, L (18 n d + 3 n T + 3 h T d) + 6 V d a
token (1.22 GFLOP at these sizes: recomputation and what a causal mask hides
do not count), over the rate of an 8192^3 bfloat16 product measured in the
same run.
"""

import functools
import importlib
import json
import pathlib
import statistics
import subprocess
import sys
import time
from typing import Any

from absl import app
from absl import flags
import jax
import jax.numpy as jnp
import optax

from nmlib.neurons import bdh
from nmlib.neurons.bdh.kernels import batched

_CONTENDERS = (
    'official',
    'vmap',
    'vmap+none',
    'xla',
    'xla+none',
    'xla+all',
    'gpu',
    'gpu+all',
)
_OFFICIAL = flags.DEFINE_string('official', '', "Path of the authors' bdh.py.")
_FORMS = flags.DEFINE_list('forms', list(_CONTENDERS), 'What to time.')
_BATCH = flags.DEFINE_integer('batch', 32, 'Sequences a step.')
_LENGTH = flags.DEFINE_integer('length', 512, 'Tokens a sequence.')
_NEURONS = flags.DEFINE_integer('neurons', 32768, 'n.')
_EMBED = flags.DEFINE_integer('embed', 256, 'd.')
_LAYERS = flags.DEFINE_integer('layers', 6, 'L.')
_STEPS = flags.DEFINE_integer('steps', 10, 'Steps a timing.')
_REPEATS = flags.DEFINE_integer('repeats', 3, 'Rounds over all contenders.')
_DTYPE = flags.DEFINE_string('dtype', 'bfloat16', 'Of our products.')
_SIDE = flags.DEFINE_integer('side', 8192, 'Of the product for the ceiling.')
_ONLY = flags.DEFINE_string('only', '', 'Times one, prints JSON (internal).')
_HEADS, _VOCABULARY = 4, 256


def model_flops() -> float:
  """Returns the FLOPs of training on one token."""
  nd, t = _NEURONS.value * _EMBED.value, _LENGTH.value
  layer = 18 * nd + 3 * _NEURONS.value * t + 3 * _HEADS * t * _EMBED.value
  return _LAYERS.value * layer + 6 * _VOCABULARY * _EMBED.value


def _seconds(step, ready) -> float:
  """Seconds of one step: the mean of a run, after four to warm up."""
  for _ in range(4):
    step()
  ready()
  start = time.perf_counter()
  for _ in range(_STEPS.value):
    step()
  ready()
  return (time.perf_counter() - start) / _STEPS.value


def time_ceiling() -> dict[str, float | str]:
  """Times a product of --side^3 of random bfloat16 numbers."""
  size = _SIDE.value
  shape = 2, size, size
  a, b = jax.random.normal(jax.random.key(0), shape, jnp.bfloat16)
  product = jax.jit(jnp.matmul)
  out = [product(a, b)]

  def step():
    out[0] = product(a, b)

  seconds = _seconds(step, lambda: jax.block_until_ready(out))
  device = f'{jax.devices()[0].device_kind}, jax {jax.__version__}'
  return dict(flops=2 * size**3 / seconds, device=device)


def time_ours(form: str) -> dict[str, float]:
  """Times a form: 'vmap', 'xla' or 'gpu', then maybe '+' and `remat`."""
  backend, _, ending = form.partition('+')
  dtype: Any = _DTYPE.value
  remat: Any = ending or 'wide'
  config = bdh.Config(
      num_neurons=_NEURONS.value,
      embed_dim=_EMBED.value,
      num_layers=_LAYERS.value,
      dtype=dtype,
      remat=remat,
  )
  optimizer = optax.adamw(1e-3, weight_decay=0.1)
  tokens = jax.random.randint(
      jax.random.key(1), (_BATCH.value, _LENGTH.value + 1), 0, _VOCABULARY
  )

  def loss(params, keys):
    x, y = tokens[:, :-1], tokens[:, 1:]
    if backend != 'vmap':
      return batched.loss(params, x, y, config, keys=keys, backend=backend)
    one = lambda x, y, key: bdh.loss(params, x, y, config, key=key)
    return jnp.mean(jax.vmap(one)(x, y, keys))

  @functools.partial(jax.jit, donate_argnums=0)
  def update(carry):
    params, moments, step = carry
    key = jax.random.fold_in(jax.random.key(2), step)
    value, grads = jax.value_and_grad(loss)(
        params, jax.random.split(key, _BATCH.value)
    )
    updates, moments = optimizer.update(grads, moments, params)
    return (optax.apply_updates(params, updates), moments, step + 1), value

  params = bdh.init(jax.random.key(0), config)
  state = [(params, optimizer.init(params), jnp.int32(0))]
  losses = [jnp.zeros(())]

  def step():
    state[0], losses[0] = update(state[0])

  seconds = _seconds(step, lambda: jax.block_until_ready((state, losses)))
  return dict(seconds=seconds, loss=float(losses[0]))


def time_official() -> dict[str, float]:
  """Times the authors' model as their train.py runs it."""
  torch = importlib.import_module('torch')  # needed by nothing else
  path = pathlib.Path(_OFFICIAL.value).resolve()
  sys.path.insert(0, str(path.parent))
  official = importlib.import_module(path.stem)
  torch.manual_seed(1337)
  torch.backends.cuda.matmul.allow_tf32 = True
  config = official.BDHConfig(
      n_layer=_LAYERS.value,
      n_embd=_EMBED.value,
      mlp_internal_dim_multiplier=_NEURONS.value // _EMBED.value,
  )
  device = 'cuda' if torch.cuda.is_available() else 'cpu'
  model = torch.compile(official.BDH(config).to(device))
  optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
  shape = _BATCH.value, _LENGTH.value + 1
  tokens = torch.randint(_VOCABULARY, shape, device=device)
  x, y = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
  last = []

  def step():
    with torch.amp.autocast(device, torch.bfloat16):
      _, loss = model(x, y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    last[:] = [loss.detach()]

  def ready():
    if device == 'cuda':
      torch.cuda.synchronize()

  return dict(seconds=_seconds(step, ready), loss=float(last[0]))


def _child(form):
  """Times one contender in a process of its own; {} if it failed."""
  command = [sys.executable, *sys.argv, f'--only={form}']
  done = subprocess.run(command, capture_output=True, text=True, check=False)
  if done.returncode:
    print(f'{form}: failed\n{done.stderr[-1500:]}', file=sys.stderr)
    return {}
  return json.loads(done.stdout.splitlines()[-1])


def _report(rounds, ceilings):
  """Prints the table in Markdown."""
  ceiling = statistics.median(ceilings)
  tokens = _BATCH.value * _LENGTH.value
  print(f'\nceiling: {ceiling / 1e12:.3g} TFLOP/s, ', end='')
  print(f'{min(ceilings) / 1e12:.3g} to {max(ceilings) / 1e12:.3g}')
  print('| form | ms a step (least to most) | tokens/s | utilisation |')
  print('| --- | --- | --- | --- |')
  for form in _FORMS.value:
    found = [r[form] for r in rounds if form in r]
    if not found:
      print(f'| {form} | failed | | |')
      continue
    mid, low, high = statistics.median(found), min(found), max(found)
    spread = f'{mid * 1e3:.1f} ({low * 1e3:.1f} to {high * 1e3:.1f})'
    use = tokens * model_flops() / mid / ceiling
    print(f'| {form} | {spread} | {tokens / mid:.0f} | {use:.1%} |')
  for form in _FORMS.value:
    ratios = [
        r['official'] / r[form]
        for r in rounds
        if form != 'official' and 'official' in r and form in r
    ]
    if ratios:
      mid = statistics.median(ratios)
      print(f'{form} against official: {mid:.2f} times as fast, ', end='')
      print(f'{min(ratios):.2f} to {max(ratios):.2f} by round')


def main(argv):
  if argv[1:]:
    raise app.UsageError(f'Unexpected arguments: {argv[1:]}')
  if unknown := set(_FORMS.value) - set(_CONTENDERS):
    raise app.UsageError(f'--forms takes {_CONTENDERS}, got {unknown}.')
  if 'official' in _FORMS.value and not _OFFICIAL.value:
    raise app.UsageError('--forms=official needs --official=<bdh.py>.')
  if only := _ONLY.value:
    timers = dict(ceiling=time_ceiling, official=time_official)
    print(json.dumps(timers.get(only, lambda: time_ours(only))()))
    return
  rounds, ceilings = [], []
  for _ in range(_REPEATS.value):
    ceiling = _child('ceiling')
    if not ceiling:
      raise RuntimeError('the ceiling could not be measured.')
    ceilings.append(ceiling['flops'])
    print(ceiling, flush=True)
    results = {form: _child(form) for form in _FORMS.value}
    print(results, flush=True)
    rounds.append({f: r['seconds'] for f, r in results.items() if r})
  _report(rounds, ceilings)


if __name__ == '__main__':
  app.run(main)

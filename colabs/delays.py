# %% [markdown]
# # Synapses that wait: heterogeneous delays
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/delays.ipynb)

# %%
import subprocess
import sys

if 'google.colab' in sys.modules:  # nothing to do in a clone
  subprocess.run(
      [
          sys.executable,
          '-m',
          'pip',
          'install',
          '--quiet',
          'nmlib[notebooks] @ git+https://github.com/nmlib/nmlib',
      ],
      check=True,
  )

# %% [markdown]
# ## The idea
#
# A spike takes time to reach the next neuron, and different synapses take
# different times. If the delays undo the order in which some neurons fire, all
# of their spikes arrive together, and their sum is large only for this pattern
# in time. A layer of such neurons is a logistic regression on the spikes of the
# recent past, so its delays can be learned.
#
# With spikes $A$ of neuron $a$, a weight $K$ for each motif $c$, neuron and
# delay $d$, and a bias $\beta_c$, the probability that motif $c$ ends at time
# $t$ is
#
# $$p(c, t) = \sigma\left(\beta_c + \sum_{a} \sum_{d} K(c, a, d)\,
# A(a, t - d)\right).$$
#
# Grimaldi and Perrinet
# ([arXiv 2307.14077](https://arxiv.org/abs/2307.14077), 2023) state it for
# events of a camera, with two polarities and two dimensions of space; the last
# part does so too. A synapse that has one real delay $\delta$ and a weight $w$,
# instead of a weight for each $d$, is the dilated convolution with learned
# spacings of Hammouamri et al.
# ([arXiv 2306.17670](https://arxiv.org/abs/2306.17670), 2023): a Gaussian
# around $\delta$, normalised over whole delays, that narrows during training.

# %% tags=["parameters"]
num_units = 16  # test: 6
members = 12  # units in a motif; test: 4
num_motifs = 3  # test: 2
num_delays = 21  # test: 7
motif_steps = 400  # of training; test: 4
length = 400  # of a recording; test: 60
num_seeds = 2
size = 24  # pixels a side; test: 12
movie_length = 40  # test: 8
directions = 4  # test: 2
window = 7  # delays, and pixels a side; test: 3
num_movies = 40  # test: 3
num_test_movies = 30  # test: 2
motion_steps = 150  # test: 2

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib import train
from nmlib.analysis.spikes import prediction
from nmlib.data.events import motion
from nmlib.data.events import planted_motifs
from nmlib.data.images import textures
from nmlib.networks import delay_detector
from nmlib.neurons.delays import layer
from nmlib.neurons.delays import losses
from nmlib.neurons.delays import motifs as spike_motifs
from nmlib.neurons.delays import pruning

plt.rcParams.update(
    {
        'axes.spines.right': False,
        'axes.spines.top': False,
        'figure.constrained_layout.use': True,
        'figure.dpi': 80,
        'legend.frameon': False,
    }
)

# %% [markdown]
# ## A motif, and the delays that undo it
#
# In a motif each unit fires a fixed number of steps before its end. Some spikes
# are missing, others are noise. The sum over units (below) shows little. When
# every spike waits as long as it was early, the spikes of the motif line up.

# %%
CONFIG = planted_motifs.Config(
    num_units=num_units,
    num_motifs=num_motifs,
    members=members,
    delays=num_delays,
    rate=0.01,
)
planted = planted_motifs.draw(jax.random.key(55), CONFIG)


def draw_delayed(panels, share=0.0, seed=3):
  """Draws spikes that wait for a share of the delays of motif 0."""
  recording = planted_motifs.record(
      jax.random.key(seed), planted, 6 * num_delays, CONFIG
  )
  steps, units = np.nonzero(recording.spikes)
  member = np.asarray(planted.member[0])[units]
  wait = share * np.asarray(planted.delay[0])[units]
  arrival = steps + np.round(wait).astype(int)
  raster, total = panels
  for chosen, color in ((~member, 'lightgray'), (member, 'black')):
    raster.plot(arrival[chosen], units[chosen], '|', color=color, ms=6, mew=1.5)
  together = np.bincount(arrival[member], minlength=7 * num_delays)
  total.bar(np.arange(len(together)), together, width=1.0, color='C0')
  for axes in panels:
    for end in np.flatnonzero(recording.ends[:, 0]):
      axes.axvline(end, color='C3', lw=1, alpha=0.5, zorder=0)
  total.set(xlabel='step of arrival', ylim=(0, members + 1))
  raster.set_title(f'{share:.0%} of the delays', size=9)


figure, grid = plt.subplots(
    2, 3, figsize=(11, 3.6), sharex=True, sharey='row', height_ratios=(2, 1)
)
for column, share in enumerate((0.0, 0.5, 1.0)):
  draw_delayed(grid[:, column], share)
grid[0, 0].set_ylabel('unit')
grid[1, 0].set_ylabel('arriving')
plt.show()

# %% [markdown]
# Black: units of the motif; red lines: where it ends.

# %%
try:
  import ipywidgets
except ImportError:
  print('pip install ipywidgets for sliders; the figure above is what they do.')
else:

  def show_delayed(share=0.8, seed=3):
    _, panels = plt.subplots(
        2, 1, figsize=(7, 3.6), sharex=True, height_ratios=(2, 1)
    )
    draw_delayed(panels, share, seed)
    plt.show()

  ipywidgets.interact(show_delayed, share=(0.0, 1.5, 0.05), seed=(0, 20))

# %% [markdown]
# ## Finding the delays
#
# `delay_detector` has both forms: `'dense'`, a weight for every delay, and
# `'learned'`, one real delay for every synapse. They see fresh recordings at
# every step, and are told only when motifs end. The Gaussians of learned delays
# start as wide as half of the range, so that a gradient reaches far delays, and
# narrow exponentially to half a step.


# %%
def fit_detector(config):
  """Trains the seeds; returns parameters, and delays at every step."""
  rate = optax.cosine_decay_schedule(0.03, motif_steps)
  wide = num_delays / 2
  spread = optax.exponential_decay(wide, motif_steps, 0.5 / wide)
  optimizer = optax.adam(rate)
  if config.kind == 'learned':  # delays are in steps: they move faster
    faster = optax.adam(lambda t: 10 * rate(t))
    optimizer = train.projected(
        optax.partition(
            {'rest': optimizer, 'delay': faster}, delay_detector.labels
        ),
        functools.partial(delay_detector.project, config=config),
    )

  def loss(params, example, _):
    recording, t = example
    narrow = jnp.asarray(spread(t))
    logits = delay_detector.logits(params, recording.spikes, config, narrow)
    value = spike_motifs.motif_loss(logits, recording.ends)
    return value, {'delays': delay_detector.delays(params)}

  step = train.gradient_step(loss, optimizer)
  fresh = train.fresh(
      lambda key: planted_motifs.record(key, planted, length, CONFIG), 4
  )

  def one(key):
    params = delay_detector.init(key, config)
    state = train.TrainState(jnp.int32(0), params, optimizer.init(params), key)
    update = lambda state, t: step(state, (fresh(key, t), jnp.full(4, t)))
    state, found = jax.lax.scan(update, state, jnp.arange(motif_steps))
    return state.params, found['delays']

  keys = jax.vmap(jax.random.key)(jnp.arange(num_seeds))
  return jax.jit(jax.vmap(one))(keys)


detectors = {
    kind: delay_detector.Config(
        num_units, num_motifs, num_delays, kind, CONFIG.rate
    )
    for kind in ('dense', 'learned')
}
fitted, paths = {}, {}
for kind, detector in detectors.items():
  fitted[kind], paths[kind] = fit_detector(detector)

# %%
member = np.asarray(planted.member)
truth = np.asarray(planted.delay)[member]
figure, panels = plt.subplots(1, 3, figsize=(11, 3.5), width_ratios=(1, 1, 1.4))
for axes, (kind, path) in zip(panels, paths.items(), strict=False):
  found = np.asarray(path)[:, -1][:, member]  # [S, synapses of motifs]
  axes.axline((0, 0), slope=1, color='0.6', lw=0.8)
  axes.plot(truth, found[0], 'o', alpha=0.5)
  axes.set(xlabel='planted delay (steps)', aspect='equal', title=kind)
  close = (np.abs(found - truth) < 1.5).mean(1)
  print(f'{kind}: within one step, by seed: {np.round(close, 3)}')
panels[0].set_ylabel('delay found (steps)')
path = np.asarray(paths['learned'])[0][:, 0, member[0]]  # of motif 0
for i, delay in enumerate(np.asarray(planted.delay)[0][member[0]]):
  panels[2].plot(path[:, i], color=f'C{i % 10}', lw=1)
  panels[2].plot(motif_steps, delay, '<', color=f'C{i % 10}', clip_on=False)
panels[2].set(
    xlabel='training step', ylabel='learned delay',
    title='motif 0; triangles: planted',
)  # fmt: skip
plt.show()

# %% [markdown]
# What the detectors, seed 0, say of a recording they have not seen, and the
# share of ends among as many steps of highest evidence.

# %%
test = planted_motifs.record(jax.random.key(56), planted, 5000, CONFIG)
figure, panels = plt.subplots(2, 1, figsize=(9, 3.4), sharex=True, sharey=True)
for axes, kind in zip(panels, detectors, strict=True):
  spread = 0.5 if kind == 'learned' else None
  params = jax.tree.map(lambda leaf: leaf[0], fitted[kind])
  logits = delay_detector.logits(params, test.spikes, detectors[kind], spread)
  hits = prediction.mean_r_precision(test.ends, logits[None])
  print(f'{kind}: {hits[0]:.3f} of the ends')
  for m in range(num_motifs):
    axes.plot(
        jax.nn.sigmoid(logits[:300, m]), color=f'C{m}', label=f'motif {m}'
    )
    ends = np.flatnonzero(test.ends[:300, m])
    axes.plot(ends, np.full(len(ends), 1.08), 'v', color=f'C{m}', ms=5)
  axes.set(ylabel='probability', title=kind)
panels[1].set_xlabel('step (triangles: a motif ends)')
handles, names = panels[0].get_legend_handles_labels()
figure.legend(handles, names, loc='outside right center')
plt.show()

# %% [markdown]
# ## Motion is a pattern in time
#
# A camera looks at a texture and moves in one of a few directions, until it
# jumps to another. It reports only *events*, where brightness has risen (ON) or
# fallen (OFF). A single frame tells at most the axis of the motion, as events
# lie along edges; the order in time tells which way.

# %%
images = textures.load('', 20, 64, size)
held_out = 5


def movies(seed, images, count):
  """Returns events [N, T, 2, X, Y] and labels [N, T] of random motions."""
  one = lambda i: motion.saccade_movie(
      jax.random.fold_in(jax.random.key(seed), i), images[i % len(images)],
      movie_length, size, directions=directions, speeds=1, speed=0.7,
  )  # fmt: skip
  return jax.jit(lambda: jax.lax.map(one, jnp.arange(count)))()


lessons = movies(78, images[held_out:], num_movies)
exam = movies(79, images[:held_out], num_test_movies)

events, labels = exam[0][0], exam[1][0]
figure, panels = plt.subplots(1, 6, figsize=(11, 2.1))
for i, axes in enumerate(panels):
  t = movie_length // 8 + i
  axes.imshow(events[t, 1] - events[t, 0], cmap='RdBu_r', vmin=-1, vmax=1)
  angle = 360 * int(labels[t]) / directions
  axes.set(xticks=[], yticks=[], title=f'step {t}: {angle:.0f}°')
figure.suptitle('ON red, OFF blue; 0° is downward, 90° to the right', size=10)
plt.show()

# %%
CAMERA = layer.Config(
    width=size,
    height=size,
    num_classes=directions,
    delays=window,
    reach_x=window,
    reach_y=window,
    centre=1.0,
    method='fft',
)


@jax.jit
def fit_motion():
  """Trains the layer, a movie a step; returns parameters and losses."""

  def loss(params, movie, _):
    events, labels = movie
    logits = layer.apply(params, events, CAMERA)
    return losses.softmax_loss(logits, labels), {}

  optimizer = optax.adam(1e-2)
  step = train.gradient_step(loss, optimizer)
  key = jax.random.key(0)

  def update(state, t):
    return step(
        state, train.examples.sample(train.step_key(key, t), lessons, 1)
    )

  params = layer.init(key, CAMERA)
  state = train.TrainState(jnp.int32(0), params, optimizer.init(params), key)
  state, found = jax.lax.scan(update, state, jnp.arange(motion_steps))
  return state.params, found['loss']


motion_params, motion_losses = fit_motion()

# %% [markdown]
# The weights of one motion by delay, ON above OFF: what is now at the centre
# was a bit behind it earlier, so the weights move with the delay, and OFF is
# about the negative of ON. Under them, the probabilities for a test movie,
# averaged over its pixels, and the motion that there is.

# %%
kernel = np.asarray(layer.effective_kernel(motion_params, CAMERA))
limit = np.quantile(np.abs(kernel), 0.99)
figure, grid = plt.subplots(2, window, figsize=(9, 2.9))
for polarity, row in enumerate(grid):
  for delay, axes in enumerate(row):
    axes.imshow(
        kernel[1, 1 - polarity, -1 - delay], cmap='RdBu_r', vmin=-limit,
        vmax=limit,
    )  # fmt: skip
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    if not polarity:
      axes.set_title(f'delay {delay}', size=9)
  row[0].set_ylabel(('ON', 'OFF')[polarity])
figure.suptitle(f'{360 / directions:.0f}°, colours to ±{limit:.2g}', size=10)
plt.show()

probability = jax.nn.softmax(layer.apply(motion_params, events, CAMERA), axis=1)
figure, axes = plt.subplots(figsize=(8, 2.4))
picture = axes.imshow(
    probability.mean((2, 3)).T, aspect='auto', cmap='Greys', vmin=0
)
axes.plot(labels, 'o', color='C3', ms=4, label='motion')
axes.set(
    xlabel='step',
    yticks=range(directions),
    yticklabels=[f'{360 * d / directions:.0f}°' for d in range(directions)],
)
figure.colorbar(picture, label='mean probability')
figure.legend(loc='outside upper center')
plt.show()

# %% [markdown]
# ## How many delays does it take?
#
# Test accuracy when only the shortest delays, or only the largest weights, are
# kept of the same trained layer (one seed). At the shortest delay the authors'
# mask leaves only the centre open: with this delay alone a neuron knows no
# neighbour and no past. The curve on the right dips and recovers: nothing is
# trained again after pruning, biases neither. (The paper, with 36 motions of
# natural scenes: about 0.91, and near it with a thirty-first of the weights.)

# %%
shares = (1.0, 0.3, 0.1, 0.03, 0.01)
curves = jax.jit(lambda p, x, y: pruning.curves(p, x, y, CAMERA, shares))
pruned = curves(motion_params, exam[0], exam[1])
counted = exam[1][:, window:]  # steps that have seen a whole window
constant = jnp.max(jnp.bincount(counted.ravel())) / counted.size
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True)
left.plot(np.arange(1, window + 1), pruned['shortened'], 'o-')
left.set(xlabel='delays kept, the shortest', ylabel='test accuracy')
right.plot(shares, pruned['magnitude'], 'o-')
right.set(xlabel='share of weights kept, the largest', xscale='log')
for axes in (left, right):
  axes.axhline(constant, color='0.4', ls='--', lw=1, label='a constant guess')
  axes.set_ylim(0, 1)
left.legend(loc='lower right')
plt.show()

print(f'all delays {pruned["shortened"][-1]:.3f}')
print(f'shortest delay only {pruned["shortened"][0]:.3f}')
print(f'a constant guess {constant:.3f}')

# %% [markdown]
# ## Exercises
#
# Each changes one line.
#
# 1. In `CONFIG`, add `jitter=1`: every spike comes up to a step early or late.
#    Which of the two detectors bears it better?
# 2. In `fit_detector`, keep the Gaussians narrow from the start:
#    `spread = lambda t: 0.5`. What do the paths of the delays look like?
# 3. In `fit_detector`, let delays move as slowly as weights: `1 * rate(t)`.
# 4. In `CAMERA`, add `complex_cell=False`. Is the layer still a detector of
#    motion when ON and OFF are swapped? (The default takes the larger evidence
#    of both.)
# 5. In `movies`, use `speeds=3`: the detectors then tell `3 * directions`
#    motions, which `CAMERA` must know too.
#
# `python -m launch.hetero_delays` has more motions, seeds and pictures, and a
# preset `paper`.

# %% [markdown]
# # Spiking neurons and surrogate gradients
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/spiking.ipynb)

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
# A spiking neuron adds up its input, forgets it slowly, and sends a spike when
# its membrane crosses a threshold. The spike is a step, whose derivative is 0
# almost everywhere, so that backpropagation learns nothing through it. A
# *surrogate gradient* keeps the step on the way forward and puts a smooth bump
# in place of its derivative on the way back.
#
# The leaky integrate-and-fire (LIF) neuron in discrete time, with membrane $u$,
# decay $\beta$, input current $i$, threshold $\theta$ and spike $s$:
#
# $$u_t = \beta u_{t-1} + i_t, \qquad s_t = H(u_t - \theta), \qquad
# \text{then } u_t \leftarrow u_t - \theta s_t,$$
#
# and for learning, with $x = u - \theta$ and one of many choices of $g$,
#
# $$\frac{\partial s}{\partial x} := g(x), \qquad \text{for instance }
# g(x) = \frac{1}{(1 + k |x|)^2}.$$
#
# The neuron is that of Lapicque (1907). Surrogate gradients in this form are
# those of Neftci, Mostafa and Zenke
# ([arXiv 1901.09948](https://arxiv.org/abs/1901.09948), 2019), this $g$ that of
# Zenke and Ganguli (2018), and the field is reviewed by Tavanaei et al.
# ([arXiv 1804.08150](https://arxiv.org/abs/1804.08150), 2019), whose question
# the last part asks: how close does a spiking network come to a conventional
# one, and with how many operations?

# %% tags=["parameters"]
num_times = 120  # test: 40
num_currents = 400  # test: 20
num_steps = 20  # of a digit; test: 8
hidden = (64,)  # test: (8,)
num_seeds = 3  # test: 2
training_steps = 600  # test: 4
batch_size = 64  # test: 8
learning_rate = 2e-3
rivals = ('arctan', 'straight_through', 'zero')  # test: ()

# %%
import math

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib import train
from nmlib.analysis.spikes import synaptic_operations
from nmlib.data.images import digits
from nmlib.networks import mlp
from nmlib.networks.spiking import spiking_mlp
from nmlib.neurons.spiking import encoding
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import losses
from nmlib.neurons.spiking import surrogate

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
# ## One neuron
#
# `lif.step` advances one time step, as `lax.scan` wants it. A current comes on
# and goes off again. With the gain `'complement'`, $1 - \beta$, a constant
# current is also the membrane that it drives to, so that currents above the
# threshold 1 make spikes. What a spike does to the membrane is a choice.

# %%
RESETS = {
    'subtract the threshold': firing.Rule(reset='subtract'),
    'to zero': firing.Rule(reset='zero'),
    'to zero, a step later': firing.Rule(reset='zero', reset_time='delayed'),
    'none': firing.Rule(reset='none'),
}


def membrane(currents, decay=0.9, rule=RESETS['subtract the threshold']):
  """Returns membrane and spikes [T] of one neuron under currents [T]."""
  config = lif.Config(1, decay=decay, gain='complement', rule=rule)
  params = lif.init(jax.random.key(0), config)

  def step(state, current):
    state, spikes = lif.step(params, state, current[None], config)
    return state, (state.voltage[0], spikes[0])

  return jax.lax.scan(step, lif.initial_state(config), currents)[1]


def pulse(height):
  """Returns a current [T] that is on in the middle."""
  time = jnp.arange(num_times)
  on = (time >= num_times // 12) & (time < num_times * 5 // 6)
  return height * on.astype(float)


def draw_membrane(axes, height=1.8, decay=0.9, reset='subtract the threshold'):
  """Draws the membrane, the threshold, and a tick for every spike."""
  current = pulse(height)
  voltage, spikes = membrane(current, decay, RESETS[reset])
  axes.plot(current, color='lightgray', lw=3, label='current')
  axes.plot(voltage, color='C0', label='membrane after the step')
  axes.axhline(1, color='0.4', ls='--', lw=1, label='threshold')
  times = np.flatnonzero(spikes)
  axes.vlines(times, 2.1, 2.4, color='C3', label='spikes')
  axes.set_title(f'{reset}: {len(times)} spikes', size=9)


figure, panels = plt.subplots(2, 2, figsize=(9, 4.6), sharex=True, sharey=True)
for axes, reset in zip(panels.flat, RESETS, strict=True):
  draw_membrane(axes, reset=reset)
for axes in panels[1]:
  axes.set_xlabel('step')
handles, names = panels[0, 0].get_legend_handles_labels()
figure.legend(handles, names, loc='outside lower center', ncols=4)
plt.show()

# %%
try:
  import ipywidgets
except ImportError:
  print('pip install ipywidgets for sliders; the figure above is what they do.')
else:

  def show_membrane(height=1.8, decay=0.9, reset='to zero'):
    _, axes = plt.subplots(figsize=(6, 2.6))
    draw_membrane(axes, height, decay, reset)
    plt.show()

  ipywidgets.interact(
      show_membrane,
      height=(0.0, 2.4, 0.05),
      decay=(0.5, 0.99, 0.01),
      reset=list(RESETS),
  )

# %% [markdown]
# ## The derivative that is made up
#
# Left, six surrogates of `nmlib.neurons.spiking.surrogate`. Middle, the number
# of spikes that a constant current evokes: a staircase, whose true derivative
# is 0. Right, what backpropagation through all time steps reports instead. It
# points upward, as it should, but its size depends on the surrogate: a narrow
# one hears only membranes near the threshold, `straight_through` hears all.
# (The staircase climbs by about 16 spikes a unit of current.)

# %%
SURROGATES = {
    'fast_sigmoid': surrogate.fast_sigmoid(25.0),
    'arctan': surrogate.arctan(2.0),
    'triangle': surrogate.triangle(0.3, 1.0),
    'gaussian': surrogate.gaussian(),
    'straight_through': surrogate.straight_through(),
    'zero': surrogate.zero(),
}
COLORS = {name: f'C{i}' for i, name in enumerate(SURROGATES)}
COLORS['ReLU'] = 'black'


def spike_count(height, chosen):
  """Returns how many spikes a constant current evokes."""
  rule = firing.Rule(surrogate=chosen)
  return jnp.sum(membrane(jnp.full(num_times, height), rule=rule)[1])


xs = jnp.linspace(-1.5, 1.5, 301)
heights = jnp.linspace(0.5, 2.5, num_currents)
counts = jax.vmap(lambda i: spike_count(i, SURROGATES['zero']))(heights)


@jax.jit
def derivatives():
  """Returns the reported derivative of the counts for each surrogate."""
  of_count = jax.grad(spike_count)
  return {
      name: jax.vmap(lambda i, g=g: of_count(i, g))(heights)
      for name, g in SURROGATES.items()
  }


figure, panels = plt.subplots(1, 3, figsize=(10, 3.4))
panels[1].plot(heights, counts, color='black', drawstyle='steps-mid')
seen = derivatives()
for name, chosen in SURROGATES.items():
  panels[0].plot(xs, chosen(xs), color=COLORS[name], label=name)
  panels[2].plot(heights, seen[name], color=COLORS[name])
panels[0].set(xlabel='membrane - threshold', ylabel='$g$')
panels[1].set(xlabel='constant current', ylabel=f'spikes in {num_times} steps')
panels[2].set(xlabel='constant current', ylabel='reported derivative')
panels[2].set_yscale('symlog', linthresh=1)
figure.legend(loc='outside lower center', ncols=6)
plt.show()

# %% [markdown]
# ## Digits as spikes
#
# The 1,797 digits of 8 x 8 pixels that come with nmlib. In a *latency code*
# every pixel sends at most one spike, a bright one early, a dark one never:
# $t = \tau \ln \frac{d}{d - d_0}$ is when a leaky membrane driven by $d$
# crosses $d_0$.

# %%
split = digits.small()


def flat(part):
  """Returns images as vectors, with their labels."""
  images = part.images.reshape(len(part.images), -1)
  return train.Examples(jnp.asarray(images), jnp.asarray(part.labels))


learn, test = flat(split.train), flat(split.test)


def encode(image):
  """Returns the spikes [T, D] of an image [D]."""
  return encoding.latency(image, num_steps, threshold=0.2, clip=True, tau=5.0)


shown = test.inputs[3]
spikes = encode(shown)
when = np.where(spikes.any(0), spikes.argmax(0), np.nan).reshape(8, 8)

figure, panels = plt.subplots(1, 3, figsize=(9, 2.9), width_ratios=(1, 1.25, 2))
panels[0].imshow(shown.reshape(8, 8), cmap='gray_r')
panels[0].set_title('pixels', size=9)
picture = panels[1].imshow(when, cmap='viridis')
panels[1].set_title('step of the spike', size=9)
figure.colorbar(picture, ax=panels[1])
panels[2].plot(*np.nonzero(spikes), '|', color='black', ms=5)
panels[2].set(xlabel='step', ylabel='pixel', xlim=(-0.5, num_steps))
for axes in panels[:2]:
  axes.set(xticks=[], yticks=[])
  axes.spines[:].set_visible(True)
plt.show()

# %% [markdown]
# ## Learning through spikes
#
# `spiking_mlp` is a layer of LIF neurons with exponential synapses, and a
# readout of integrators that do not fire; the class is the one whose membrane
# rises highest. `train.gradient_step` makes one optimizer step out of a loss of
# one example, `lax.scan` repeats it, and `vmap` trains all seeds at once.


# %%
def network(chosen):
  """Returns the sizes and time constants of a spiking network."""
  return spiking_mlp.Config(
      64, hidden, 10, synapse_decay=math.exp(-1 / 5),
      membrane_decay=math.exp(-1 / 10),
      current_gain=4 * (1 - math.exp(-1 / 10)), weight_gain=2.0,
      surrogate=chosen,
  )  # fmt: skip


def fit(init, loss):
  """Trains the seeds side by side; returns parameters and losses."""
  optimizer = optax.adam(learning_rate)
  step = train.gradient_step(loss, optimizer)

  def update(state, t):
    batch = train.examples.shuffled(state.key, t, learn, batch_size)
    return step(state, batch)

  def one(key):
    params = init(key)
    state = train.TrainState(jnp.int32(0), params, optimizer.init(params), key)
    state, found = jax.lax.scan(update, state, jnp.arange(training_steps))
    return state.params, found['loss']

  keys = jax.vmap(jax.random.key)(jnp.arange(num_seeds))
  return jax.jit(jax.vmap(one))(keys)


def score(params, logits):
  """Returns the test accuracy of every seed."""
  of_seed = lambda p: train.accuracy(lambda x: logits(p, x), test)
  return np.asarray(jax.jit(jax.vmap(of_seed))(params))


trained, curves, scores = {}, {}, {}
for name in ('fast_sigmoid', *rivals):
  config = network(SURROGATES[name])

  def spiking_loss(params, example, _, config=config):
    activity = spiking_mlp.apply(params, encode(example.inputs), config)
    value = losses.ce_max_membrane(activity.membranes, example.labels)
    return value, {'rate': activity.rate}

  def spiking_logits(params, image, config=config):
    membranes = spiking_mlp.apply(params, encode(image), config).membranes
    return jnp.max(membranes, 0)

  trained[name], curves[name] = fit(
      lambda key, c=config: spiking_mlp.init(key, c), spiking_loss
  )
  scores[name] = score(trained[name], spiking_logits)

trained['ReLU'], curves['ReLU'] = fit(
    lambda key: mlp.init(key, (64, *hidden, 10)),
    lambda params, example, _: (
        train.cross_entropy(mlp.apply(params, example.inputs), example.labels),
        {},
    ),
)
scores['ReLU'] = score(trained['ReLU'], mlp.apply)

# %% [markdown]
# `zero` freezes the hidden layer as it was drawn and learns the readout alone:
# what the other surrogates gain over it is what their hidden spikes have
# learned.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
for i, name in enumerate(scores):
  mean = np.asarray(curves[name]).mean(0)
  every = max(1, training_steps // 30)
  smooth = mean[: len(mean) // every * every].reshape(-1, every).mean(1)
  left.plot(
      every * (1 + np.arange(len(smooth))),
      smooth,
      color=COLORS[name],
      label=name,
  )
  right.plot(
      np.full(num_seeds, i), scores[name], 'o', color=COLORS[name], alpha=0.6
  )
  right.plot(i, scores[name].mean(), '_', color='black', ms=22)
left.set(xlabel='training step', ylabel='training loss', yscale='log')
left.legend(fontsize=8)
right.set_xticks(range(len(scores)), list(scores), rotation=20, ha='right')
right.set(ylabel='test accuracy', title='seeds, and their mean')
plt.show()

for name, values in scores.items():
  print(f'{name:16s} {values.mean():.3f} ± {values.std(ddof=1):.3f}')

# %% [markdown]
# ## What a digit evokes
#
# The digit above in the network of seed 0 that learned by the fast sigmoid:
# spikes that come in, spikes of the hidden layer, membranes of the ten classes.

# %%
config = network(SURROGATES['fast_sigmoid'])
params = jax.tree.map(lambda leaf: leaf[0], trained['fast_sigmoid'])
activity = spiking_mlp.apply(params, encode(shown), config)
label = int(test.labels[3])
guess = int(jnp.argmax(jnp.max(activity.membranes, 0)))

figure, panels = plt.subplots(
    3, 1, figsize=(7, 5), sharex=True, height_ratios=(1, 1, 1.3)
)
panels[0].plot(*np.nonzero(encode(shown)), '|', color='black', ms=4)
panels[1].plot(*np.nonzero(activity.spikes[0]), '|', color='C3', ms=4)
for i in range(10):
  panels[2].plot(
      activity.membranes[:, i],
      color='C0' if i == label else 'lightgray',
      lw=2 if i == label else 1,
      zorder=3 if i == label else 2,
      label={label: f'class {label}'}.get(i),
  )
panels[0].set(ylabel='pixel', title=f'digit {label}, read as {guess}')
panels[1].set(ylabel='hidden neuron')
panels[2].set(ylabel='readout membrane', xlabel='step')
panels[2].xaxis.get_major_locator().set_params(integer=True)
panels[2].legend(loc='upper left')
plt.show()

# %% [markdown]
# ## What it costs
#
# A conventional layer multiplies and adds once a weight (MAC). A spiking layer
# only adds, once a spike and synapse that it reaches (SynOp). In 45 nm a MAC of
# 32-bit floats takes 4.6 pJ and an addition 0.9 pJ (Horowitz 2014). Neither
# memory, often the larger part in hardware, nor the leak of every neuron in
# every step is counted. Means over seeds and test digits:


# %%
def digit_cost(params, image, config):
  """Returns what one digit costs a spiking network."""
  spikes = encode(image)
  found = spiking_mlp.apply(params, spikes, config).spikes
  return synaptic_operations.spiking_cost((spikes, *found), (*hidden, 10))


widths = (64, *hidden, 10)
macs = sum(map(synaptic_operations.dense_macs, widths[:-1], widths[1:]))
energies = {'ReLU': float(synaptic_operations.energy(macs, 0))}
print(f'{"ReLU":16s} {macs:5d} MACs    {energies["ReLU"] / 1e3:5.1f} nJ')
for name in list(scores)[:-1]:
  of_seed = lambda p, c=network(SURROGATES[name]): jax.vmap(
      lambda x: digit_cost(p, x, c)
  )(test.inputs)
  cost = jax.jit(jax.vmap(of_seed))(trained[name])
  energies[name] = float(jnp.mean(cost.picojoules))
  print(
      f'{name:16s} {jnp.mean(cost.acs):5.0f} SynOps  '
      f'{energies[name] / 1e3:5.1f} nJ   '
      f'{100 * jnp.mean(cost.sparsity):.1f} % of steps without a spike'
  )

figure, axes = plt.subplots(figsize=(5, 3.2))
for name, values in scores.items():
  axes.errorbar(
      energies[name] / 1e3, values.mean(), values.std(ddof=1), marker='o',
      capsize=3, ls='none', color=COLORS[name], label=name,
  )  # fmt: skip
axes.set(
    xlabel='energy of a digit (nJ)', ylabel='test accuracy', xlim=(0, None)
)
axes.legend(fontsize=8, loc='lower right')
plt.show()

# %% [markdown]
# ## Exercises
#
# Each changes one line.
#
# 1. In `SURROGATES`, make the fast sigmoid steeper: `fast_sigmoid(200.0)`.
#    Which part of the figure of derivatives changes, and does it still learn?
# 2. In `spiking_loss`, return `value + 20.0 * activity.rate`: spikes now have a
#    price. How many SynOps does the same accuracy need?
# 3. In `encode`, use a rate code,
#    `encoding.poisson(jax.random.key(0), image, num_steps, gain=0.5)`. What
#    happens to the cost?
# 4. In `network`, set `synapse_decay=0.0`, so that a current lasts one step.
#    Which surrogate suffers most?
# 5. In `RESETS`, let a spike leave the membrane lower:
#    `firing.Rule(reset='zero', reset_voltage=-0.5)`. How many spikes are left?
#
# `python -m launch.snn_surrogate` is the whole experiment: seven surrogates
# (twelve with `--preset=paper`), two codes, conversion of ReLU networks, and
# patterns that differ in nothing but the times of their spikes.

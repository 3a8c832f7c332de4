# %% [markdown]
# # A tour of nmlib
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/tour.ipynb)
#
# nmlib holds neuron models from papers on brain-inspired machine learning. Each
# is a module of a few plain functions over named tuples of arrays, with the
# same names in all modules. They compute one sequence of one neuron or network;
# batches, seeds, gradients and devices are JAX's own `vmap`, `grad` and `jit`.

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

# %% tags=["parameters"]
num_steps = 200  # of training; test: 2
num_trials = 8  # seeds and rows of a batch; test: 2
duration = 400  # time steps of pictures; test: 60

# %% [markdown]
# ## The contract
#
# A neuron is a state that evolves: with parameters $\theta$ and an input $x_t$,
#
# $$(s_t,\, y_t) = \mathrm{step}(\theta,\, s_{t-1},\, x_t)$$
#
# and `unroll` runs a whole sequence, sometimes by a faster form of the same
# numbers. A model has
#
# | name | is |
# |---|---|
# | `Config` | its hyperparameters, checked when made |
# | `init(key, config)` | parameters, what is learned |
# | `initial_state(config)` | the state before the first step |
# | `step(params, state, x_t, config)` | the next state, and the output |
# | `unroll(params, state, xs, config)` | the last state, and all outputs |

# %%
import importlib.util
import pathlib
import tempfile

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib.data import weights
from nmlib.neurons import active
from nmlib.neurons import adex
from nmlib.neurons import bdh
from nmlib.neurons import elm
from nmlib.neurons import lif
from nmlib.neurons import mode_gate
from nmlib.neurons import motifs
from nmlib.neurons import pyramidal
from nmlib.neurons import rnn
from nmlib.neurons import sites

plt.rcParams.update(
    {
        'figure.constrained_layout.use': True,
        'figure.figsize': (7, 2.6),
        'axes.spines.top': False,
        'axes.spines.right': False,
        'font.size': 9,
    }
)

# %% [markdown]
# The leaky integrate-and-fire neuron: $u_t = \beta v_{t-1} + i_t$, and a spike
# where $u_t$ exceeds the threshold, which is then taken off. `step` is what
# `jax.lax.scan` wants, so that its states are easily recorded.


# %%
def record(model, params, xs, config):
  """Returns the states after each step, and the outputs, time first."""

  def body(state, x_t):
    state, output = model.step(params, state, x_t, config)
    return state, (state, output)

  return jax.lax.scan(body, model.initial_state(config), xs)[1]


config = lif.Config(num_units=1, decay=0.95)
params = lif.init(jax.random.key(0), config)
currents = 0.16 * jax.random.uniform(jax.random.key(1), (duration, 1))
states, spikes = record(lif, params, currents, config)
_, same = lif.unroll(params, lif.initial_state(config), currents, config)
print('step and unroll give the same spikes:', bool((spikes == same).all()))

figure, axes = plt.subplots()
axes.plot(states.voltage, lw=1, label='voltage after the step')
(times,) = np.nonzero(np.array(spikes[:, 0]))
axes.plot(times, np.full(len(times), 1.1), '|', color='tab:red', label='spike')
axes.axhline(config.threshold, color='black', ls=':', lw=1, label='threshold')
axes.set(xlabel='time step', ylabel='voltage', ylim=(None, 1.6))
axes.legend(ncols=3, loc='upper right')
plt.show()

# %% [markdown]
# ## `vmap` gives batches and sweeps
#
# Nothing above has a batch axis. One `vmap` over currents and one over
# parameters measure how often neurons of several time constants fire.


# %%
def rate(decay, current):
  """Returns the spikes a step at a constant current."""
  params = lif.Params(decay, jnp.ones(()))
  xs = jnp.full((duration, 1), current)
  return lif.unroll(params, lif.initial_state(config), xs, config)[1].mean()


decays = jnp.array([0.5, 0.8, 0.9, 0.95])
levels = jnp.linspace(0.0, 0.6, 61)
sweep = jax.jit(jax.vmap(jax.vmap(rate, (None, 0)), (0, None)))
figure, axes = plt.subplots()
for decay, rates in zip(decays, sweep(decays, levels), strict=True):
  axes.plot(levels, rates, label=f'decay {float(decay):.2f}')
axes.set(xlabel='current', ylabel='spikes a step')
axes.legend()
plt.show()

# %% [markdown]
# ## `grad` goes through spikes
#
# A spike has no useful derivative; models of nmlib use a smooth surrogate in
# its place. So anything can be learned by gradient descent: here neurons adjust
# thresholds and decays to fire at rates that somebody asked for. Seeds, each
# with a noise of its own, are one more `vmap`.

# %%
wanted = jnp.linspace(0.02, 0.2, 10)
tuned = lif.Config(num_units=10, heterogeneous=True, clamp_decays=True)


def fired(params, seed):
  """Returns each neuron's spikes a step, [10]."""
  xs = 0.5 * jax.random.uniform(jax.random.key(seed), (100, 10))
  return lif.unroll(params, lif.initial_state(tuned), xs, tuned)[1].mean(0)


def loss(params, seed):
  return jnp.sum((fired(params, seed) - wanted) ** 2)


optimizer = optax.adam(0.02)


def train(seed):
  """Returns the rates before and after training, and the losses."""

  def update(carry, step):
    params, optimizer_state = carry
    value, gradient = jax.value_and_grad(loss)(params, 1000 * seed + step)
    change, optimizer_state = optimizer.update(gradient, optimizer_state)
    return (optax.apply_updates(params, change), optimizer_state), value

  before = lif.init(jax.random.key(seed), tuned)
  (after, _), losses = jax.lax.scan(
      update, (before, optimizer.init(before)), jnp.arange(num_steps)
  )
  test = 10**6 + seed
  return fired(before, test), fired(after, test), losses


before, after, losses = jax.jit(jax.vmap(train))(jnp.arange(num_trials))
figure, (left, right) = plt.subplots(1, 2)
left.plot(losses.T, color='tab:blue', lw=0.7, alpha=0.6)
left.set(xlabel='optimizer step', ylabel='loss', yscale='log')
left.set_title(f'{num_trials} seeds')
right.plot([0, 0.2], [0, 0.2], color='black', ls=':', lw=1)
for rates, label in ((before, 'before'), (after, 'after')):
  right.errorbar(
      wanted, rates.mean(0), rates.std(0), fmt='o', ms=4, label=label
  )
right.set(xlabel='wanted spikes a step', ylabel='spikes a step')
right.set_title('mean and spread of seeds, new noise')
right.legend()
plt.show()

# %% [markdown]
# ## One of each family
#
# ### Spiking
#
# `adex` (adaptive exponential integrate-and-fire, Brette and Gerstner 2005)
# in its physical units: a step of current, and spikes that become rarer as the
# adaptation builds up. `lif`, `izhikevich`, `resonate_and_fire` and others lie
# beside it.

# %%
adex_config = adex.Config(num_units=1)
adex_params = adex.init(jax.random.key(0), adex_config)
time = np.arange(10 * duration) * adex_config.dt
current = jnp.where(time > 20, 900.0, 0.0)[:, None]  # pA
states, spikes = record(adex, adex_params, current, adex_config)

figure, axes = plt.subplots()
# A spike is drawn up to the threshold, where the model cuts it off.
voltage = np.where(spikes > 0, adex_config.threshold, states.voltage)
axes.plot(time, voltage, lw=1)
axes.set(xlabel='time (ms)', ylabel='voltage (mV)')
twin = axes.twinx()
twin.plot(time, states.adaptation, color='tab:orange', lw=1)
twin.set_ylabel('adaptation (pA)', color='tab:orange')
plt.show()

# %% [markdown]
# ### Rate
#
# A recurrent network of rates after a short input: with weak connections it
# falls silent, with strong ones it goes on by itself.

# %%
pulse = jnp.zeros((100, 3)).at[:5].set(1.0)
figure, panels = plt.subplots(1, 2, sharey=True)
for axes, strength in zip(panels, (0.8, 2.0), strict=True):
  rnn_config = rnn.Config(
      num_units=60, gain=strength, time_step=20.0, form='current',
      activation='tanh',
  )  # fmt: skip
  rnn_params = rnn.init(jax.random.key(0), rnn_config)
  _, output = rnn.unroll(
      rnn_params, rnn.initial_state(rnn_config), pulse, rnn_config
  )
  axes.imshow(
      output.rates.T, aspect='auto', cmap='RdBu_r', vmin=-1, vmax=1,
      extent=(0, 100 * rnn_config.time_step / 1000, 60, 0),
  )  # fmt: skip
  axes.set(xlabel='time (s)', title=f'gain {strength}')
panels[0].set_ylabel('unit')
figure.colorbar(panels[0].images[0], ax=panels, label='rate')
plt.show()

# %% [markdown]
# ### Delays
#
# A detector with a weight for each neuron and delay answers to a motif: spikes
# in a precise relative timing. Here its weights are set by hand, 1 at the
# delays that bring the spikes of the motif together.

# %%
motif_config = motifs.Config(num_inputs=12, num_motifs=1, delays=20)
lags = np.array(jax.random.randint(jax.random.key(2), (12,), 0, 20))
kernel = jnp.zeros((1, 12, 20)).at[0, np.arange(12), 19 - lags].set(1.0)
events = np.array(jax.random.bernoulli(jax.random.key(3), 0.03, (200, 12)))
for end in (60, 150):  # the motif ends here
  events[end - lags, np.arange(12)] = True
_, evidence = motifs.unroll(
    motifs.Params(kernel, jnp.zeros(1)),
    motifs.initial_state(motif_config),
    jnp.asarray(events, jnp.float32),
    motif_config,
)

figure, panels = plt.subplots(2, 1, figsize=(7, 3.4), sharex=True)
panels[0].plot(*np.nonzero(events), '|', color='black')
for end in (60, 150):
  panels[0].plot(end - lags, np.arange(12), '|', color='tab:red')
panels[0].set(ylabel='neuron', title='spikes; red: the motif, hidden twice')
panels[0].set_yticks(range(0, 12, 3))
panels[1].plot(evidence)
panels[1].set(xlabel='time step', ylabel='evidence')
plt.show()

# %% [markdown]
# ### A neuron with memory
#
# The expressive leaky memory neuron (`elm`, Spieler et al. 2024) has memory
# units that forget at different speeds. Here weights are random; shown is how
# memories differ for a moment of input at step 20, beside no input at all.

# %%
elm_config = elm.version(
    2, num_inputs=8, num_outputs=1, num_memory=6, tau_max=200.0
)
elm_params = elm.init(jax.random.key(1), elm_config)
moment = jnp.zeros((duration, 8)).at[20].set(1.0)
_, path = jax.vmap(
    lambda xs: elm.trajectory(
        elm_params, elm.initial_state(elm_config), xs, elm_config
    )
)(jnp.stack([moment, jnp.zeros_like(moment)]))
trace = path.memory[0] - path.memory[1]  # [T, M]
figure, axes = plt.subplots()
shades = plt.colormaps['viridis'](np.linspace(0, 0.9, elm_config.num_memory))
for unit, shade in enumerate(shades):
  axes.plot(trace[:, unit], color=shade, label=f'unit {unit + 1}')
axes.set(xlabel='time step', ylabel='change of memory')
axes.legend(title='fast to slow')
plt.show()

# %% [markdown]
# ### Dendrites
#
# A reduced pyramidal neuron gets the same number of synaptic inputs in 8 ms,
# once spread over its branches, once on a single one, where they open NMDA
# channels together.

# %%
cell = pyramidal.Config(num_branches=8, excitatory=8, inhibitory=1)
cell_params = pyramidal.Params(jnp.ones((8, 9)))
figure, axes = plt.subplots()
for label, where in (
    ('one on each branch', (np.arange(8), 0)),
    ('all on one branch', (0, np.arange(8))),
):
  xs = np.zeros((150, 8, 9), np.float32)
  xs[(20 + np.arange(8), *where)] = 1.0
  _, output = pyramidal.unroll(
      cell_params, pyramidal.initial_state(cell), jnp.asarray(xs), cell
  )
  axes.plot(output.voltage, label=label)
axes.set(xlabel='time (ms)', ylabel='soma (mV above rest)')
axes.legend()
plt.show()

# %% [markdown]
# Abstract dendrites gate their unit by a context: `active` (Iyer et al. 2022)
# gives each unit segments, of which the one that knows the context best decides
# how much of the answer comes through.

# %%
unit_config = active.Config(
    num_inputs=20, num_units=40, num_segments=5, context_dim=16
)
unit_params = active.init(jax.random.key(0), unit_config)
x = jax.random.normal(jax.random.key(1), (20,))
contexts = jax.random.bernoulli(jax.random.key(2), 0.2, (10, 16))
answers = jax.vmap(
    lambda context: active.apply(
        unit_params, x, context.astype(jnp.float32), unit_config
    )
)(contexts)
figure, axes = plt.subplots()
limit = float(jnp.abs(answers).max())
image = axes.imshow(
    answers, cmap='RdBu_r', vmin=-limit, vmax=limit, aspect='auto'
)
axes.set(xlabel='unit', ylabel='context', title='answers to ONE input')
figure.colorbar(image, ax=axes)
plt.show()

# %% [markdown]
# ### Gates
#
# A mode gate (after Ghasemlou 2026) adapts a frozen network by a threshold and
# a gain for each neuron: smooth while it learns, sharp afterwards.

# %%
z = jnp.linspace(-1, 2, 301)[:, None]
gate = mode_gate.Params(jnp.array([0.5]), jnp.array([1.2]))
figure, axes = plt.subplots()
for temperature in (0.5, 0.1, 0.02):
  h, _ = mode_gate.apply(gate, z, temperature=temperature)
  axes.plot(z, h, label=f'temperature {temperature}')
h, _ = mode_gate.apply(gate, z, hard=True)
axes.plot(z, h, color='black', ls='--', label='hard')
axes.plot(z, jax.nn.relu(z), color='gray', ls=':', label='ReLU, without gate')
axes.set(
    xlabel='pre-activation z',
    ylabel='activation',
    title='threshold 0.5, gain 1.2',
)
axes.legend()
plt.show()

# %% [markdown]
# ## Looking inside, and changing it
#
# Models name the places where one may look (`capture`) and intervene (`edits`).
# Captures are outputs and edits are inputs, so that everything still works
# under `jit`, `vmap` and `grad`. Here each head of a small language model,
# [BDH](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/bdh.ipynb),
# is silenced in turn, by a `vmap` over masks; the weights are random.

# %%
text_config = bdh.Config(embed_dim=32, num_neurons=256, num_layers=4)
text_params = bdh.init(jax.random.key(0), text_config)
tokens = jnp.array(list(b'Neurons that fire together wire together.'))
plain = bdh.apply(text_params, tokens, text_config, capture=('y',))


@jax.vmap
def silenced(mask):
  edits = {'y': sites.Edit(mask=mask)}  # zero where the mask is true
  return bdh.apply(text_params, tokens, text_config, edits=edits).logits


heads = jnp.eye(4, dtype=bool)[:, None, :, None, None]  # one at a time
change = jnp.linalg.norm(silenced(heads) - plain.logits, axis=-1)  # [4, T]

figure, panels = plt.subplots(1, 2, figsize=(7, 3))
fraction = (plain.captured['y'] > 0).mean((0, 3))  # [h, T]
for axes, values, title in (
    (panels[0], fraction, 'captured: active neurons y'),
    (panels[1], change, 'edited: change of logits'),
):
  image = axes.imshow(values, aspect='auto', cmap='viridis')
  axes.set(xlabel='byte of the text', title=title)
  axes.set_yticks(range(4), range(1, 5))
  figure.colorbar(image, ax=axes)
panels[0].set_ylabel('head')
panels[1].set_ylabel('head silenced')
plt.show()

# %% [markdown]
# ## Weights in and out
#
# Where authors published code, weights go in and out under their names, as
# `.safetensors` or `.npz`, and are never unpickled.

# %%
with tempfile.TemporaryDirectory() as folder:
  file = pathlib.Path(folder) / 'bdh.npz'
  weights.save(file, bdh.params_to_official(text_params, text_config))
  loaded = dict(weights.load(file))
for name, array in loaded.items():
  print(f'{name:14} {array.shape}')
back = bdh.params_from_official(loaded, text_config)
equal = [bool((a == b).all()) for a, b in zip(back, text_params, strict=True)]
print('the same parameters came back:', all(equal))

# %% [markdown]
# ## Try it
#
# One neuron, three sliders.


# %%
def play(decay=0.9, current=0.15, noise=0.1):
  """Draws the voltage of a neuron at a noisy current."""
  config = lif.Config(num_units=1, decay=decay)
  xs = current + noise * jax.random.normal(jax.random.key(0), (200, 1))
  states, spikes = record(lif, lif.init(jax.random.key(0), config), xs, config)
  figure, axes = plt.subplots()
  axes.plot(states.voltage, lw=1)
  (times,) = np.nonzero(np.array(spikes[:, 0]))
  axes.plot(times, np.full(len(times), 1.1), '|', color='tab:red')
  axes.axhline(1.0, color='black', ls=':', lw=1)
  axes.set(xlabel='time step', ylabel='voltage', ylim=(-0.5, 1.3))
  axes.set_title(
      f'decay {decay}, current {current}, noise {noise}: {len(times)} spikes'
  )
  plt.show()


play()

# %%
if importlib.util.find_spec('ipywidgets'):
  import ipywidgets

  ipywidgets.interact(
      play, decay=(0.0, 0.99), current=(0.0, 0.6), noise=(0.0, 0.5)
  )

# %% [markdown]
# ## Exercises
#
# Each changes one line.
#
# 1. Give the first `lif.Config` a rule that resets to zero,
#    `rule=firing.Rule(reset='zero')` with `from nmlib.neurons import firing`.
#    Which curve of the sweep changes most?
# 2. Keep thresholds fixed while rates are learned: replace `gradient` by
#    `gradient._replace(threshold=0 * gradient.threshold)`. Which rates can
#    decays alone reach?
# 3. Set `jump=0.0` in `adex.Config`. What becomes of the spikes?
# 4. Put 4 of the 8 synapses on one branch. How many does it take?
# 5. Silence layers in place of heads: `[:, :, None, None, None]` (sites of BDH
#    have axes layer, head, time, neuron). Why is it all the same which one?
#
# ## Where next
#
# - [`bdh`][bdh]: a language model whose memory is synapses
# - [`spiking`][spiking]: spikes, and learning through them
# - [`delays`][delays]: synapses with delays that find patterns in time
# - [`elm`][elm]: the expressive leaky memory neuron
# - [`mode_gates`][mode_gates]: one frozen network, switched by gates
# - [`dendrites`][dendrites]: sparse codes, segments, and dendrites that grow
# - [`rich_lazy`][rich_lazy]: what initial connections decide
# - [`image_units`][image_units]: what a unit of an image network sees
#
# `dir(nmlib.neurons)` is the catalogue of models. In a
# [clone](https://github.com/nmlib/nmlib), `python -m launch.bdh` and its
# neighbours run whole experiments of papers, with seeds, checkpoints and a
# report.
#
# [bdh]: https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/bdh.ipynb
# [spiking]: https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/spiking.ipynb
# [delays]: https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/delays.ipynb
# [elm]: https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/elm.ipynb
# [mode_gates]: https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/mode_gates.ipynb
# [dendrites]: https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/dendrites.ipynb
# [rich_lazy]: https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/rich_lazy.ipynb
# [image_units]: https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/image_units.ipynb

# %% [markdown]
# # Mode gates: one frozen network, several modes
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/mode_gates.ipynb)

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
# A trained network is frozen, and each of its hidden neurons gets one threshold
# and one gain. Learning only these switches the network to another *mode*,
# another condition of its task: some neurons fall silent, others speak louder.
# Once learned, a gate can be made sharp, so that a silent neuron need not be
# computed at all.
#
# With $z$ the pre-activation of a neuron, $\tau$ its threshold, $\gamma$ its
# gain and $T$ a temperature,
#
# $$h = \gamma \, g(z) \, \mathrm{ReLU}(z), \qquad
# g_\mathrm{soft}(z) = \sigma\left(\frac{z - \tau}{T}\right), \qquad
# g_\mathrm{hard}(z) = [z > \tau].$$
#
# The idea is that of Ghasemlou, *Brain Modes, Not Brains*
# ([arXiv 2602.11726](https://arxiv.org/abs/2602.11726), 2026). The equation is
# nmlib's reading (`nmlib.neurons.gates.mode_gate`): the abstract names a
# smooth gate, thresholds and gains, and gives no formula and no numbers.

# %% tags=["parameters"]
num_seeds = 5  # test: 2
hidden = (128, 128)  # test: (16, 12)
num_base_steps = 150  # test: 20
num_steps = 400  # test: 10
learning_rates = (3e-3, 1e-2, 3e-2)  # test: (1e-2, 3e-2)
batch_size = 64  # test: 16
lora_ranks = (1, 8)  # test: (8,)
rivals = ('bitfit', 'ia3')  # test: ()
least_shares = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)  # test: (0.0,)
angles = (0.0, 45.0, 90.0, 135.0)  # test: (0.0, 45.0)

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib.data.images import digits
from nmlib.data.images import rotation
from nmlib.networks import adaptation
from nmlib.networks import gated
from nmlib.networks import gated_modes
from nmlib.networks import hardening
from nmlib.networks import mlp
from nmlib.neurons.gates import mode_gate

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
# ## A gate
#
# A threshold cuts off weak answers; a high one switches the neuron off. The
# temperature says how smooth the cut is: gradients need a smooth one. With
# $\tau = 0$ and $\gamma = 1$ the hard gate is ReLU itself, so a network starts
# out unchanged.

# %%
zs = jnp.linspace(-1.5, 3, 226)[:, None]


def draw_gate(axes, threshold=0.0, gain=1.0, temperature=0.1):
  """Draws what a neuron sends on, with a soft and with a hard gate."""
  params = mode_gate.Params(jnp.array([threshold]), jnp.array([gain]))
  soft, _ = mode_gate.apply(params, zs, temperature=temperature)
  hard, _ = mode_gate.apply(params, zs, hard=True)
  axes.plot(zs, jax.nn.relu(zs), color='lightgray', lw=4, label='ReLU')
  axes.plot(zs, soft, color='C0', label='soft gate')
  axes.plot(zs, hard, color='C3', ls='--', label='hard gate')
  axes.set(xlabel='pre-activation $z$', ylim=(-0.2, 4))


settings = (
    {'threshold': 0.0, 'temperature': 0.3},
    {'threshold': 1.0, 'temperature': 0.1},
    {'threshold': 1.0, 'gain': 1.5, 'temperature': 0.3},
)
figure, panels = plt.subplots(1, 3, figsize=(9, 2.6), sharey=True)
for axes, setting in zip(panels, settings, strict=True):
  draw_gate(axes, **setting)
  axes.set_title(', '.join(f'{k} {v:g}' for k, v in setting.items()), size=9)
panels[0].set_ylabel('answer $h$')
panels[0].legend(fontsize=8)
plt.show()

# %%
try:
  import ipywidgets
except ImportError:
  print('pip install ipywidgets for sliders; the figure above is what they do.')
else:

  def show_gate(threshold=0.5, gain=1.0, temperature=0.2):
    _, axes = plt.subplots(figsize=(4, 2.6))
    draw_gate(axes, threshold, gain, temperature)
    plt.show()

  ipywidgets.interact(
      show_gate,
      threshold=(-1.0, 2.5, 0.1),
      gain=(-1.0, 2.0, 0.1),
      temperature=(0.02, 1.0, 0.02),
  )

# %% [markdown]
# ## Two modes of a task: upright and rotated digits
#
# The 1,797 digits of 8 x 8 pixels that come with nmlib. The network that will
# be frozen sees both modes half and half, but stops learning early: of a
# perfect network nothing would be left to adapt.


# %%
@functools.partial(jax.jit, static_argnums=1)
def turn(images, angles):
  """Rotates images [N, 8, 8] by each of M angles, [M, N, 64]."""
  return rotation.at_angles(images, angles).reshape(len(angles), -1, 64)


parts = digits.small()
# Both modes of each part: images [modes, N, 64].
train, validation, test = (
    (turn(p.images, (0.0, 45.0)), jnp.asarray(p.labels)) for p in parts
)
figure, panels = plt.subplots(2, 8, figsize=(8, 2.2))
for row, images in zip(panels, train[0], strict=True):
  for axes, image in zip(row, images, strict=False):
    axes.imshow(image.reshape(8, 8), cmap='gray_r')
    axes.axis('off')
figure.suptitle('upright above, rotated by 45 degrees below', size=10)
plt.show()


# %%
def cross_entropy(logits, labels):
  losses = optax.losses.softmax_cross_entropy_with_integer_labels
  return jnp.mean(losses(logits, labels))


def descend(loss, params, optimizer, num_steps, key):
  """Minimises loss(params, key of the step); returns the last params."""

  def step(carry, i):
    params, state = carry
    gradient = jax.grad(loss)(params, jax.random.fold_in(key, i))
    updates, state = optimizer.update(gradient, state)
    return (optax.apply_updates(params, updates), state), None

  start = params, optimizer.init(params)
  return jax.lax.scan(step, start, jnp.arange(num_steps))[0][0]


def batch(key, modes):
  """Draws training images [B, 64], one in each of the modes [B]."""
  images, labels = train
  rows = jax.random.randint(key, (batch_size,), 0, len(labels))
  return images[modes, rows], labels[rows]


keys = jax.random.split(jax.random.key(0), num_seeds)


@jax.jit
@jax.vmap
def train_base(key):
  """Trains one seed's network on both modes."""

  def loss(params, key):
    images, labels = batch(key, jnp.arange(batch_size) % 2)
    return cross_entropy(mlp.apply(params, images), labels)

  params = mlp.init(key, (64, *hidden, 10))
  return descend(loss, params, optax.adam(1e-3), num_base_steps, key)


bases = train_base(keys)  # leaves [seeds, ...]

# %% [markdown]
# ## Adapting the frozen network
#
# `nmlib.networks.adaptation` has the gate and its rivals as functions of the
# same form: `init(method, ...)` makes all that learns, `apply(method, ...)`
# uses it on the frozen base. LoRA adds $AB$ of a low rank to every weight
# matrix ([arXiv 2106.09685](https://arxiv.org/abs/2106.09685)), IA³ scales each
# neuron ([arXiv 2205.05638](https://arxiv.org/abs/2205.05638)), BitFit moves
# biases ([arXiv 2106.10199](https://arxiv.org/abs/2106.10199)). All see rotated
# digits only, the same ones in every step, and each takes the learning rate
# that does best on validation images.

# %%
methods = {
    'frozen': ('frozen', 1),
    **{name: (name, 1) for name in rivals},
    'gates': ('mode_gate', 1),
    **{f'LoRA {rank}': ('lora', rank) for rank in lora_ranks},
}


def adapt(method, rank, base, key, rate):
  """Trains one seed's adapter on rotated digits, at one learning rate."""

  def loss(adapter, key):
    images, labels = batch(key, jnp.ones(batch_size, int))
    run = lambda x: adaptation.apply(method, base, adapter, x)[0]
    return cross_entropy(jax.vmap(run)(images), labels)

  adapter = adaptation.init(method, key, base, rank=rank)
  return descend(loss, adapter, optax.adam(rate), num_steps, key)


def accuracy(method, base, adapter, part, mode, **options):
  """Returns the share of images of a mode that are named right."""
  images, labels = part
  run = lambda x: adaptation.apply(method, base, adapter, x, **options)[0]
  answers = jnp.argmax(jax.vmap(run)(images[mode]), -1)
  return jnp.mean(answers == labels)


@functools.partial(jax.jit, static_argnums=(0, 1))
def compare(method, rank, bases, keys, rates):
  """Adapts all seeds at all rates; keeps the best rate in the mean."""

  def one(base, key, rate):
    adapter = adapt(method, rank, base, key, rate)
    return adapter, accuracy(method, base, adapter, validation, 1)

  over_seeds = jax.vmap(one, (0, 0, None))
  adapters, scores = jax.vmap(over_seeds, (None, None, 0))(bases, keys, rates)
  best = jnp.argmax(scores.mean(1))
  adapters = jax.tree.map(lambda leaf: leaf[best], adapters)
  measure = lambda mode, **options: jax.vmap(
      lambda base, own: accuracy(method, base, own, test, mode, **options)
  )(bases, adapters)
  return adapters, {
      'upright': measure(0),
      'rotated': measure(1),
      'rotated, hard': measure(1, hard=True),
  }


adapters, found = {}, {}
for name, kind in methods.items():
  adapters[name], found[name] = compare(
      *kind, bases, keys, jnp.array(learning_rates)
  )

counts = {n: adaptation.count(a) // num_seeds for n, a in adapters.items()}
print(f'{"test accuracy":14}{"trainable":>10}{"rotated":>15}{"upright":>15}')
for name, count in counts.items():
  cells = [
      f'{x.mean():.3f} ± {x.std(ddof=1):.3f}'
      for x in (found[name]['rotated'], found[name]['upright'])
  ]
  print(f'{name:14}{count:10}' + ''.join(f'{cell:>15}' for cell in cells))

# %%
figure, panels = plt.subplots(1, 2, figsize=(9, 3.2))
for axes, mode in zip(panels, ('rotated', 'upright'), strict=True):
  for i, (name, count) in enumerate(counts.items()):
    values = found[name][mode]
    place = np.full(num_seeds, max(count, 100))
    axes.plot(place, values, '.', color=f'C{i}', alpha=0.6)
    look = {'color': f'C{i}', 'ms': 16, 'mew': 2, 'label': f'{name} ({count})'}
    axes.plot(place[0], values.mean(), '_', **look)
  axes.set(xscale='log', title=f'{mode} digits', xlabel='parameters that learn')
panels[0].set_ylabel('test accuracy')
panels[1].legend(fontsize=8)
figure.suptitle(
    'a dot a seed, a bar at their mean (frozen: drawn at 100)', size=10
)
plt.show()

# %% [markdown]
# The order frozen < gates < LoRA 8 on rotated digits is the paper's
# (`python -m launch.dopamine_modes` checks it with more steps, rivals and
# bases). The right panel is not in the paper: what is won for one mode is lost
# for the other, least by gates and biases, most by LoRA 8. All of them can be
# taken off again; the frozen network is still there.

# %% [markdown]
# ## What thresholds and gains learned
#
# Each dot is a neuron of the first seed. Right: how often its hard gate is on
# for digits of either mode.

# %%
base = jax.tree.map(lambda leaf: leaf[0], bases)
gates = jax.tree.map(lambda leaf: leaf[0], adapters['gates'])
_, upright_on = hardening.hard(base, gates, test[0][0])
_, rotated_on = hardening.hard(base, gates, test[0][1])

figure, panels = plt.subplots(1, 3, figsize=(9, 2.9))
for layer, gate in enumerate(gates):
  look = {'s': 9, 'alpha': 0.7, 'label': f'layer {layer + 1}'}
  panels[0].scatter(gate.threshold, gate.gain, **look)
  panels[2].scatter(upright_on[layer], rotated_on[layer], **look)
panels[1].hist([gate.threshold for gate in gates], bins=20, stacked=True)
panels[0].set(xlabel=r'threshold $\tau$', ylabel=r'gain $\gamma$')
panels[0].plot(0, 1, 'k+', ms=10, label='at first')
panels[0].legend(fontsize=8)
panels[1].set(xlabel=r'threshold $\tau$', ylabel='neurons')
panels[2].plot([0, 1], [0, 1], color='lightgray', zorder=0)
panels[2].set(xlabel='on: share of upright', ylabel='share of rotated')
plt.show()

# %% [markdown]
# ## Hardening: neurons that need not be computed
#
# Soft and hard network are different functions, so both are measured.
# `hardening.calibrate` fits thresholds and gains once more, so that each hard
# gate answers as the soft one did. `hardening.harden` then takes out neurons
# that are on for too few images, and folds the gains into the next layer: what
# is left is a smaller network with thresholds. Its cost is counted in products
# of weights and activities.

# %%
fitted = hardening.calibrate(base, gates, train[0][1])
named_right = lambda logits: float(jnp.mean(jnp.argmax(logits, -1) == test[1]))
products = lambda network: sum(layer.kernel.size for layer in network)


def reduced(own, least):
  """Returns share of products kept, and accuracy on rotated digits."""
  _, on = hardening.hard(base, own, train[0][1])
  kept = tuple(share > least for share in on)
  small, thresholds = hardening.harden(base, own, kept)
  run = jax.jit(jax.vmap(functools.partial(hardening.run, small, thresholds)))
  return products(small) / products(base), named_right(run(test[0][1]))


print('soft gates       ', f'{found["gates"]["rotated"][0]:.3f}')
print('hard gates       ', f'{found["gates"]["rotated, hard"][0]:.3f}')
again, _ = hardening.hard(base, fitted, test[0][1])
print('hard, calibrated ', f'{named_right(again):.3f}')
figure, axes = plt.subplots(figsize=(5, 2.9))
for label, own in (('hard', gates), ('hard, calibrated', fitted)):
  shares, scores = zip(*(reduced(own, x) for x in least_shares), strict=True)
  axes.plot(shares, scores, 'o-', ms=4, label=label)
frozen = found['frozen']['rotated'][0]
axes.axhline(frozen, color='gray', ls=':', label='frozen base')
axes.set(xlabel='share of products computed', ylabel='accuracy, rotated')
axes.legend(fontsize=8)
plt.show()

# %% [markdown]
# ## More modes than one
#
# `gated_modes` keeps the gates of several modes around one frozen network and
# infers which to use: that of the nearest mean image of any class
# (`prototypes`). It is no part of the paper. Gates of different modes share
# nothing, so learning one cannot harm another.


# %%
learn, judge = (turn(p.images, angles) for p in (parts.train, parts.test))
widths = gated.layers(mlp.apply, base, learn[0, 0])
print('layers to gate and their widths:', widths)


@jax.jit
def train_modes(key):
  """Trains the gates of all modes together."""
  labels = train[1]

  def loss(gates, key):
    rows = jax.random.randint(key, (batch_size,), 0, len(labels))
    modes = jnp.arange(batch_size) % len(angles)
    run = lambda mode, x: gated_modes.apply(mlp.apply, gates, mode, base, x)[0]
    logits = jax.vmap(run)(modes, learn[modes, rows])
    return cross_entropy(logits, labels[rows])

  start = gated_modes.init(widths, len(angles))
  return descend(loss, start, optax.adam(1e-2), num_steps, key)


own_gates = train_modes(jax.random.key(1))
means = gated_modes.prototypes(learn, train[1], 10)


@jax.jit
def answers(own_gates, mode, image):
  """Returns the classes named by frozen, own and inferred gates; what is on."""
  inferred = gated_modes.infer(means, image)
  run = lambda mode: gated_modes.apply(
      mlp.apply, own_gates, mode, base, image, hard=True
  )
  logits, on = run(mode)
  logits = jnp.stack([mlp.apply(base, image), logits, run(inferred)[0]])
  on = jnp.concatenate(list(on.values()))
  return jnp.argmax(logits, -1), on, inferred == mode


modes = jnp.arange(len(angles))
over_images = jax.vmap(answers, (None, None, 0))
classes, on, inferred = jax.vmap(over_images, (None, 0, 0))(
    own_gates, modes, judge
)
right = (classes == test[1][None, :, None]).mean(1)  # [modes, ways]
share = on.mean(1)  # [modes, neurons]
print('modes inferred right:', *(f'{x:.3f}' for x in inferred.mean(1)))
figure, panels = plt.subplots(1, 2, figsize=(9, 2.8))
ways = {'frozen': 'o-', 'own gates': 'o-', 'gates of inferred mode': 'k.:'}
for column, (label, look) in zip(right.T, ways.items(), strict=True):
  panels[0].plot(angles, column, look, label=label)
panels[0].set(xlabel='angle (degrees)', xticks=angles, ylabel='test accuracy')
panels[0].legend(fontsize=8)
order = jnp.argsort(share[0] - share[-1])
picture = panels[1].imshow(
    share[:, order], aspect='auto', interpolation='none', vmin=0, vmax=1
)
panels[1].set_yticks(range(len(angles)), [f'{a:g}°' for a in angles])
panels[1].set(
    xlabel='neuron, by first less last mode', title='on: share of images'
)
figure.colorbar(picture, ax=panels[1])
plt.show()

# %% [markdown]
# The base has never seen the last angles and is lost there. Gates alone win
# back much, though they cannot make features that the base does not have.
#
# ## What this shows, and what not
#
# - It shows the order of methods, what each costs the other mode, and that the
#   hard gate does nearly what the soft one does, on one small network, small
#   images and a few seeds.
# - It does not show the paper's numbers (there are none to compare with), nor
#   MNIST, nor that computing fewer neurons is faster on any machine: products
#   are counted, time is not.
# - Wins of half a per cent lie within the spread of seeds.
#
# ## Exercises
#
# Each changes one line.
#
# 1. Adapt to the other mode: `jnp.ones` in `adapt` becomes `jnp.zeros`. Which
#    panel of the comparison changes places with which?
# 2. Train the base on upright digits only: `jnp.arange(batch_size) % 2` in
#    `train_base` becomes `jnp.zeros(batch_size, int)`. Which method suffers
#    most from features that are not there?
# 3. Learn thresholds alone: add `'threshold'` to `rivals`. `'ia3'` learns gains
#    alone. Which of the two does the work?
# 4. Rotate by 180 degrees as well: add `180.0` to `angles`. Which modes does
#    `infer` confuse, and which digits are then hard to name?
# 5. Ask for sparse gates: in `train_modes`, keep the second result of
#    `gated_modes.apply` and add its mean to the loss.

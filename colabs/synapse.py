# %% [markdown]
# # Watch one synapse learn a word
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/synapse.ipynb)
#
# The Dragon Hatchling (BDH) remembers what it reads in synapses between single
# neurons, so one can ask what one of them stands for. The paper shows a synapse
# that grows strong where a sentence names a currency, and in no other. Here a
# tiny model learns a toy language on the spot, a search finds a synapse for one
# word of it on some sentences, others test it, and we watch it while the model
# reads and while it learns.
#
# Kosowski, Uznański, Chorowski, Stamirowska, Bartoszkiewicz:
# [The Dragon Hatchling](https://arxiv.org/abs/2509.26507) (2025), section 6.3.
# In a clone, `python -m launch.bdh.graph` does it on a larger model, with seeds
# and a report.

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
num_steps = 400  # of training; test: 2
num_neurons = 1024  # of the model; test: 64
num_sentences = 120  # with the word, and as many without it; test: 8
candidates = 96  # most active neurons of a head, searched in pairs; test: 4

# %% [markdown]
# ## The equation
#
# BDH keeps a state $\rho$ of $n \times d$ numbers a layer. Behind it stand
# synapses between neurons, one for each pair: equation (16) of the paper,
#
# $$
# \sigma_t[i, j] = \sum_{\tau < t} y_\tau[i]\; (R_{\tau - t}\, x_\tau)[j] ,
# $$
#
# Hebb's rule: the synapse grows when neuron $i$ of the layer below ($y$, which
# fires and is recalled) and neuron $j$ of this layer ($x$, which fires) are
# active for the same byte. $R$ turns what was written by its age. Nobody has to
# store $n^2$ of them: `traces.trace` follows the pairs that it is asked for, as
# running sums.

# %%
import importlib.util

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib.analysis.synapses import monosemantic
from nmlib.analysis.synapses import selectivity
from nmlib.analysis.synapses import traces
from nmlib.neurons import bdh

plt.rcParams.update(
    {
        'figure.constrained_layout.use': True,
        'figure.figsize': (7, 3),
        'axes.spines.top': False,
        'axes.spines.right': False,
        'font.size': 9,
    }
)

# %% [markdown]
# ## A toy language
#
# Somebody has an amount of a currency, to spend it, or a number of animals, to
# feed them. Names and numbers occur with every word, and all have one length.

# %%
NAMES = 'ann ben eva max tom zoe'.split()
NUMBERS = 'two six ten 500 800 300'.split()
CURRENCIES = 'euro peso rand yuan lira baht riel birr'.split()
ANIMALS = 'duck goat crow lamb swan bear wolf hare'.split()
WORD = 'euro'


def sentence(rng, word, names=NAMES, numbers=NUMBERS):
  """Returns a sentence up to its word, and its end."""
  end = 'to spend. ' if word in CURRENCIES else 'to feed. '
  return f'{rng.choice(names)} had {rng.choice(numbers)} {word}s ', end


def encode(texts):
  return np.array([list(text.encode()) for text in texts], np.int32)


rng = np.random.default_rng(0)
print(''.join(sentence(rng, 'euro') + sentence(rng, 'duck')))


# %% [markdown]
# ## The experiment
#
# The model learns to predict the next byte of sentences in a row. We keep its
# weights at some moments, to see later what became of the synapse.

# %%
config = bdh.Config(
    embed_dim=32, num_neurons=num_neurons, num_heads=2, num_layers=3,
    dropout_rate=0.0,
)  # fmt: skip


def batch_at(step, count=16):
  """Returns the bytes of `count` runs of sentences, [count, 96]."""
  rng = np.random.default_rng(step)
  words = rng.choice(CURRENCIES + ANIMALS, (count, 4))
  runs = [
      ''.join(''.join(sentence(rng, word)) for word in row) for row in words
  ]
  return encode([run[:96] for run in runs])


optimizer = optax.adamw(3e-3, weight_decay=0.1)


@jax.jit
def update(params, optimizer_state, batch):
  def loss(params):
    one = lambda row: bdh.loss(params, row[:-1], row[1:], config)
    return jnp.mean(jax.vmap(one)(batch))

  value, gradient = jax.value_and_grad(loss)(params)
  change, optimizer_state = optimizer.update(gradient, optimizer_state, params)
  return optax.apply_updates(params, change), optimizer_state, value


params = bdh.init(jax.random.key(0), config)
optimizer_state, losses, moments = optimizer.init(params), [], {0: params}
for step in range(1, num_steps + 1):
  params, optimizer_state, value = update(
      params, optimizer_state, batch_at(step)
  )
  losses.append(float(value))
  if step * 8 % num_steps < 8:
    moments[step] = params

figure, axes = plt.subplots(figsize=(7, 2.4))
axes.plot(losses)
axes.set(xlabel='optimizer step', ylabel='loss (nats a byte)', ylim=(0, None))
plt.show()

# %% [markdown]
# ## The search
#
# Among so many synapses some tell *any* two sets of sentences apart. So a
# synapse is chosen on sentences with one half of the names and numbers, and
# tested on sentences with the other half. All stop after the word. The score is
# the rank-biserial correlation: 1 if the synapse is stronger after every
# sentence with the word than after every other one, 0 if it does not care. The
# control searches again with shuffled labels.

# %%
rng = np.random.default_rng(10**6)  # no step of training drew from this
others = [word for word in CURRENCIES + ANIMALS if word != WORD]
texts, positive, choosing = [], [], []
for i in range(2 * num_sentences):
  part = slice(i // 2 % 2, None, 2)
  word = WORD if i % 2 else rng.choice(others)
  texts.append(sentence(rng, word, NAMES[part], NUMBERS[part])[0])
  positive.append(bool(i % 2))
  choosing.append(i // 2 % 2 == 0)
tokens = encode(texts)
positive, choosing = np.array(positive), np.array(choosing)

found = monosemantic.find(
    jax.random.key(1), params, tokens, positive, choosing, config, candidates
)
layer, head, row, column = (int(i) for i in found.place)
print(f'neuron {row} to {column}, head {head + 1}, layer {layer + 1}')
print(f'rank-biserial where it was chosen: {found.chosen:.2f}')
print(f'on others: {found.rank_biserial:.2f} (p = {found.p_value:.1g})')
print(f'shuffled labels: {found.control_chosen:.2f}, then {found.control:.2f}')

# %% [markdown]
# ## While it reads
#
# The synapse after each byte, in sentences that the search did not see. It is
# zero until both neurons fire for the same byte, and turns with age.


# %%
def strength(params, text):
  """Returns the synapse before each byte and after the last, [T + 1]."""
  return np.array(
      traces.trace(
          params, encode([text])[0], config, layer, [[head, row]],
          [[head, column]],
      )[:, 0]
  )  # fmt: skip


def draw(axes, values, text, limit):
  """Draws a text whose letters' shade is the synapse after them."""
  axes.imshow(
      values[None, 1:], cmap='RdBu_r', vmin=-limit, vmax=limit, aspect='auto'
  )
  for i, letter in enumerate(text):
    colour = 'white' if abs(values[i + 1]) > 0.6 * limit else 'black'
    axes.text(
        i, 0, letter, ha='center', va='center', family='monospace', color=colour
    )
  axes.set_axis_off()


test = [i for i in range(len(texts)) if not choosing[i]]
shown = [i for i in test if positive[i]][:4] + [
    i for i in test if not positive[i]
][:4]
courses = [strength(params, texts[i]) for i in shown]
limit = max(np.abs(course).max() for course in courses) or 1.0
figure, panels = plt.subplots(len(shown), 1, figsize=(7, 2.6))
for axes, i, course in zip(panels, shown, courses, strict=True):
  draw(axes, course, texts[i], limit)
plt.show()

# %% [markdown]
# ## Against all sentences
#
# Each dot is the synapse after one sentence of the half that tests it.


# %%
@jax.jit
def after(weights, tokens):
  """Returns the synapse after each sentence, [S]."""
  one = lambda sentence: traces.trace(
      weights, sentence, config, layer, np.array([[head, row]]),
      np.array([[head, column]]),
  )[-1, 0]  # fmt: skip
  return jax.lax.map(one, tokens, batch_size=16)


values = np.array(after(params, tokens))
figure, axes = plt.subplots(figsize=(7, 2.2))
for place, inside in enumerate((~positive, positive)):
  dots = values[inside & ~choosing]
  jitter = np.linspace(-0.2, 0.2, len(dots))
  axes.plot(dots, place + jitter, 'o', ms=4, alpha=0.6)
axes.set_yticks([0, 1], ['other words', WORD])
axes.set(xlabel='synapse after the sentence', ylim=(-0.5, 1.5))
plt.show()

# %% [markdown]
# ## While it learns
#
# The same pair of neurons at earlier moments of training. Random weights answer
# to letters, too, so that a pair may tell some words apart from the start; what
# it stands for moves while the model learns.

# %%
scores = []
for weights in moments.values():
  synapse = after(weights, tokens[test])
  test_of = selectivity.mann_whitney(synapse, positive[test])
  scores.append(float(test_of.rank_biserial))
figure, axes = plt.subplots(figsize=(7, 2.4))
axes.axhline(0, color='black', ls=':', lw=1)
axes.plot(list(moments), scores, 'o-')
axes.set(
    xlabel='optimizer step', ylabel='rank-biserial', ylim=(-1.05, 1.05),
    title='How well the synapse knows the word, on sentences of the test',
)  # fmt: skip
plt.show()

# %% [markdown]
# ## Try it
#
# Any sentence of at most 60 characters. What about a word that starts or ends
# like the synapse's own?


# %%
def watch(text='eva had ten euros to spend. '):
  """Draws the synapse along a text."""
  text = text.encode('ascii', 'replace').decode()[:60] or ' '
  course = strength(params, text)
  figure, axes = plt.subplots(figsize=(7, 0.6))
  draw(axes, course, text, limit)
  plt.show()


for text in (
    'eva had ten euros to spend. ',
    'eva had ten eurasian ducks to feed. ',
):
  watch(text)

# %%
if importlib.util.find_spec('ipywidgets'):
  import ipywidgets

  ipywidgets.interact(
      watch,
      text=ipywidgets.Text(
          'tom had two ducks and two euros. ', continuous_update=False
      ),
  )

# %% [markdown]
# ## Exercises
#
# Each changes a line or two.
#
# 1. *Another word.* `WORD = 'swan'`. Is there a synapse for each?
# 2. *A class of words.* The paper's synapse knows currencies. Let `positive`
#    be all sentences with one half of `CURRENCIES` where you choose, and the
#    other half where you test. Does a synapse of so small a model know the
#    class, or only the words it was chosen on?
# 3. *A larger search.* Double `candidates`. Which score rises, that of the
#    word or that of the shuffled labels?
# 4. *Forgetting.* Give the config `decay=0.1`: the synapse fades. Is the word
#    still known at the end of the sentence?
# 5. *Only noise.* Look for a synapse in `moments[0]`, the weights before
#    training: letters alone tell words apart. What has training added?

# %% [markdown]
# # Find a circuit in five minutes
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/circuit.ipynb)

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
# A Transformer that has read `A B ... A` often goes on with `B`, even if it has
# never seen `A B` before. Elhage et al.
# ([2021](https://transformer-circuits.pub/2021/framework/index.html)) and
# Olsson et al. ([arXiv 2209.11895](https://arxiv.org/abs/2209.11895)) found how
# two heads do that together, an *induction circuit*:
#
# 1. a head of the first layer looks one token back, and writes at each token
#    which one stood before it;
# 2. a head of the second layer searches with the last token, `A`, for a token
#    that had `A` before it, finds `B`, and copies it. What it searches in are
#    its keys, so that the first head acts through the *keys* of the second.
#
# Here a small Transformer is trained until it does this. Then we look for the
# circuit as one would in a network that nobody knows: by patching. Nothing
# below is told which heads to find.

# %% tags=["parameters"]
num_steps = 800  # of training; test: 2
batch_size = 64  # test: 4
num_prompts = 64  # to search by, and as many to judge by; test: 4
num_random = 15  # sets of heads to compare with; test: 3

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib.analysis import head_circuits
from nmlib.analysis import patching
from nmlib.analysis import task_circuits
from nmlib.networks import transformer

plt.rcParams.update(
    {
        'axes.spines.right': False,
        'axes.spines.top': False,
        'figure.constrained_layout.use': True,
        'figure.dpi': 80,
        'font.size': 9,
        'legend.frameon': False,
    }
)

# %% [markdown]
# ## A network that learns it
#
# Texts repeat a block of different random tokens, such as `d k a q d k a q d`.
# Blocks are 6 to 12 tokens long: a network that always looked back by the same
# distance would be wrong most of the time. Only tokens that can be known, from
# the second block on, count in the loss.

# %%
vocabulary, length = 20, 24
config = transformer.Config(
    vocabulary,
    num_layers=2,
    width=32,
    num_heads=4,
    mlp_dim=32,
    max_length=length,
    positions='rotary',
    rotary_base=100.0,
    output='separate',
)


def draw(key, period):
  """Returns a text that repeats after so many tokens, and what is known."""
  block = jax.random.permutation(key, vocabulary)
  places = jnp.arange(length + 1)
  return block[places % period], (places[1:] >= period).astype(jnp.float32)


def loss(params, key):
  """Returns the mean loss of a batch of new texts."""

  def one(key):
    length_key, text_key = jax.random.split(key)
    period = jax.random.randint(length_key, (), 6, 13)
    text, known = draw(text_key, period)
    return transformer.loss(params, text[:-1], text[1:], config, weights=known)

  return jnp.mean(jax.vmap(one)(jax.random.split(key, batch_size)))


# Weights of deviation 0.02 are meant for wide networks: this one is narrow.
params = transformer.scaled(transformer.init(jax.random.key(0), config), 5.0)
rate = optax.schedules.warmup_cosine_decay_schedule(
    0, 3e-3, num_steps // 8, num_steps
)
optimizer = optax.chain(
    optax.clip_by_global_norm(1.0), optax.adamw(rate, b2=0.98)
)


@jax.jit
def learn(params):
  """Trains; returns the parameters and the loss of each step."""

  def step(carry, key):
    params, state = carry
    value, gradient = jax.value_and_grad(loss)(params, key)
    updates, state = optimizer.update(gradient, state, params)
    return (optax.apply_updates(params, updates), state), value

  keys = jax.random.split(jax.random.key(1), num_steps)
  (params, _), losses = jax.lax.scan(
      step, (params, optimizer.init(params)), keys
  )
  return params, losses


params, losses = learn(params)

# %%
period = 9
texts, _ = jax.vmap(draw, (0, None))(
    jax.random.split(jax.random.key(2), 200), period
)
nats = jax.vmap(
    lambda text: transformer.token_losses(params, text[:-1], text[1:], config)
)(texts)
chances = jnp.exp(-nats)  # of the token that comes next

figure, panels = plt.subplots(1, 2, figsize=(9, 2.6))
panels[0].plot(losses)
panels[0].axhline(np.log(vocabulary), color='0.6', ls=':', label='guessing')
panels[0].set(xlabel='training step', ylabel='loss (nats)', ylim=(0, None))
panels[0].legend()
panels[1].plot(np.arange(1, length + 1), chances.mean(0), 'o-', ms=4)
panels[1].axvline(period, color='0.6', ls=':', label='second block begins')
panels[1].set(
    xlabel='position', ylabel='probability of what comes next', ylim=(0, 1.03)
)
panels[1].legend(loc='center right')
plt.show()
print(f'in the second block: {chances[:, period:].mean():.3f}')

# %% [markdown]
# In the first block nothing can be known. In the second the network is right
# from its second token on: the first says which block it is.
#
# ## What the heads look at
#
# The pattern of a head says how much each token (rows) takes from each token
# before it (columns). Averaged over texts of the same period, two kinds stand
# out: a line next to the diagonal looks one token back; a line that starts one
# block later looks at the token *after* the one that was the same.


# %%
run = transformer.answering(params, config)  # reads out the last token alone
seen = jax.vmap(lambda text: run(text, {}, ('pattern',))[1])(texts[:, :-1])
patterns = seen['pattern'].mean(0)  # [layers, heads, T, T]

figure, panels = plt.subplots(2, 4, figsize=(9, 4.6), sharex=True, sharey=True)
for layer in range(2):
  for head in range(4):
    axes = panels[layer, head]
    axes.imshow(patterns[layer, head], cmap='Greys', vmin=0, vmax=1)
    rows = np.arange(period, length)
    back = np.mean(patterns[layer, head, rows, rows - 1])
    after = np.mean(patterns[layer, head, rows, rows - period + 1])
    axes.set_title(
        f'layer {layer}, head {head}\nback {back:.2f}, after {after:.2f}',
        size=9,
    )
figure.supxlabel('token that is looked at', size=9)
figure.supylabel('token that looks', size=9)
plt.show()

# %% [markdown]
# Looking is not acting: a pattern does not say whether anything depends on it.
#
# ## Which heads matter: activation patching
#
# Take two prompts that differ in as little as possible and are to be continued
# differently. Here the block has `A B` and `C D` in it, the twin `C B` and
# `A D`: at the end both have `A`, which `B` follows in the one, `D` in the
# other. The tokens `B` and `D` stand where they stood. The measure is the logit
# of `B` less that of `D`.
#
# `patching.activation_patch` runs the twin with one head's output taken from
# the clean run. An effect of 1 brings back all of the difference, 0 nothing.

# %%
first, other = 3, 6  # where A and C stand in the block
labels = [f'{i}' for i in range(period)]
labels[first : first + 2], labels[other : other + 2] = 'AB', 'CD'
labels += labels[: first + 1]


def twins(key):
  """Returns a prompt, its twin, and the tokens that follow: B and D."""
  block = jax.random.permutation(key, vocabulary)[:period]
  ends = block[: first + 1]
  swapped = block.at[first].set(block[other]).at[other].set(block[first])
  answers = block[jnp.array([first + 1, other + 1])]
  join = lambda begin: jnp.concatenate([begin, ends])
  return join(block), join(swapped), answers


clean, twin, answers = jax.vmap(twins)(
    jax.random.split(jax.random.key(3), num_prompts)
)
metric = task_circuits.difference  # of the logits of the last token
heads = patching.one_at_a_time((2, 1, 4, 1), (0, 2))  # each, at all tokens
values, of_clean, of_twin = jax.jit(
    functools.partial(
        patching.activation_patch, run, site='z', metric=metric, batch_size=8
    )
)(clean, twin, masks=heads, targets=answers)
print(f'logit of B less that of D: {of_clean.mean():.2f}', end='')
print(f', in the twin {of_twin.mean():.2f}')
effects = patching.normalized_effect(values, of_twin, of_clean).reshape(2, 4)
low, high = patching.bootstrap_interval(values, of_twin, of_clean)
for i, (a, b) in enumerate(zip(low, high, strict=True)):
  layer, head = divmod(i, 4)
  value = effects[layer, head]
  if abs(value) > 0.1:
    print(f'layer {layer}, head {head}: {value:.2f}, 95 % [{a:.2f}, {b:.2f}]')

# %% [markdown]
# The same once more, token by token: where does a head do what it does?

# %%
size = clean.shape[1]
places = patching.one_at_a_time((2, size, 4, 1), (0, 2, 1))
values, *ends = jax.jit(
    functools.partial(
        patching.activation_patch, run, site='z', metric=metric, batch_size=32
    )
)(clean, twin, masks=places, targets=answers)
where = patching.normalized_effect(values, ends[1], ends[0]).reshape(8, size)


def show(axes, values, rows, columns, written=True):
  """Draws effects, zero in white."""
  image = axes.imshow(values, cmap='RdBu_r', vmin=-1, vmax=1, aspect='auto')
  axes.set_xticks(range(len(columns)), columns)
  axes.set_yticks(range(len(rows)), rows)
  for (row, column), value in np.ndenumerate(np.asarray(values) * written):
    if abs(value) > 0.005:
      axes.text(column, row, f'{value:.2f}', ha='center', va='center')
  return image


figure, panels = plt.subplots(1, 2, figsize=(9, 2.8), width_ratios=(1, 2))
show(panels[0], effects, range(2), range(4))
panels[0].set(xlabel='head', ylabel='layer', title='a head, at all tokens')
names = [f'{layer}.{head}' for layer in range(2) for head in range(4)]
image = show(panels[1], where, names, labels, written=False)
panels[1].set(
    xlabel='token of the clean prompt', ylabel='layer.head',
    title='a head, at one token',
)  # fmt: skip
figure.colorbar(image, ax=panels, label='share brought back')
plt.show()

# %% [markdown]
# Heads of the first layer act at `B` and at `D`, the tokens after those that
# changed; though `B` and `D` themselves are the same in both prompts. Heads of
# the second layer act at the last token, where the answer is given.
#
# ## How they are joined: path patching
#
# A head of the first layer may act on the answer by many ways.
# `patching.path_patch` lets its change through to chosen *receivers* alone. Let
# these be the queries, the keys and the values of the strongest head of the
# second layer, one at a time.

# %%
strongest = int(np.argmax(np.abs(effects[1])))
receiver = np.zeros((2, 1, 4, 1), bool)
receiver[1, 0, strongest] = True
senders = heads[:4]  # those of the first layer
through = {}
for site in 'qkv':
  patched = jax.jit(
      lambda clean, twin, site=site: patching.path_patch(
          run, clean, twin, senders, {site: receiver}, metric, answers,
          batch_size=4,
      )
  )(clean, twin)  # fmt: skip
  through[site] = patching.normalized_effect(*patched)

figure, axes = plt.subplots(figsize=(5, 2.4))
ways = np.stack(list(through.values()), 1)
image = show(axes, ways, range(4), ['queries', 'keys', 'values'])
axes.set(
    ylabel='head of the first layer', xlabel=f'of head 1.{strongest}, through',
    title="share of the way to the twin's answer",
)  # fmt: skip
figure.colorbar(image)
plt.show()

# %% [markdown]
# It is the keys. That is the K-composition of the idea above: what the first
# head writes is what the second one searches in.
#
# ## Is that all? Ablation, with a control
#
# A circuit is a set of heads: those with the largest effects, one to eight of
# them. On *other* prompts all heads outside are put at their mean over prompts
# and twins (`patching.faithfulness`: does the circuit suffice?), and then those
# inside (is it needed?). Grey are as many heads drawn at random.

# %%
judge, _, judge_answers = jax.vmap(twins)(
    jax.random.split(jax.random.key(4), num_prompts)
)
counts = range(1, 9)
circuits = jnp.stack([patching.top_heads(effects, top_k=k) for k in counts])
random = jnp.stack(
    [
        head_circuits.random_sets(jax.random.key(k), num_random, (2, 4), k)
        for k in counts
    ]
)  # [8, num_random, 2, 4]
sets = jnp.concatenate([circuits[:, None], random], 1).reshape(-1, 2, 4)
share = jax.jit(
    lambda sets: patching.faithfulness(
        run, judge, sets, metric, judge_answers,
        others=jnp.concatenate([clean, twin]), batch_size=16,
    )
)  # fmt: skip
shares = {
    'heads outside at their mean: what is kept': share(sets),
    'heads inside at their mean: what is left': share(~sets),
}

figure, panels = plt.subplots(1, 2, figsize=(9, 2.6), sharey=True)
for axes, (name, values) in zip(panels, shares.items(), strict=True):
  own, drawn = np.split(np.asarray(values).reshape(8, -1), [1], 1)
  axes.plot(counts, drawn, '.', color='0.75')
  axes.plot(counts, drawn.mean(1), color='0.5', label='random heads, mean')
  axes.plot(counts, own, 'o-', color='C3', label='the circuit')
  axes.set(xlabel='heads in the circuit', title=name)
panels[0].set_ylabel('share of the logit difference')
panels[0].legend(loc='lower right')
plt.show()
order = np.argsort(-np.abs(np.ravel(effects)))
print('heads by their effect:', ', '.join(names[i] for i in order))
for name, values in shares.items():
  two, *_ = np.asarray(values).reshape(8, -1)[1]
  print(f'{name}, two heads: {two:.2f}')

# %% [markdown]
# Two heads that were found by patching do most of it, far more than any two at
# random. They have helpers, of the same kind: with these the circuit keeps
# nearly all, and little is left without it. That is common: networks do things
# more than once.
#
# ## What this shows, and what not
#
# - The steps are those of real studies: pairs of prompts, activation patching,
#   path patching, ablation on other prompts beside random heads. On GPT-2 they
#   are the same calls: `nmlib.data.language_models` reads it, and
#   `python -m launch.circuit_reuse` compares circuits of two tasks.
# - One network of one seed, whose task was made for this circuit. Others may
#   divide the work in another way; look before you believe.
# - Effects of heads need not add up to 1: heads act through each other, and the
#   logits go through a norm.
# - Perceptrons are left as they are here. Patch the site `mlp_out` to see what
#   they do.
#
# ## Exercises
#
# Each changes one line.
#
# 1. Another network: in `transformer.init`, `jax.random.key(0)` becomes
#    `jax.random.key(1)`. Which heads are it now?
# 2. `num_layers=1`: what of the probability in the second block is left? (Stop
#    there: later cells ask for two layers.)
# 3. In `activation_patch` with `places`, `site='z'` becomes `site='v'`. What
#    changes for the first layer?
# 4. A trap: in `loss`, `jax.random.randint(length_key, (), 6, 13)` becomes `9`.
#    Is it still an induction circuit?
# 5. In `path_patch`, add `freeze_mlps=True` after `batch_size=4`. Do the
#    perceptrons have a part in the path?

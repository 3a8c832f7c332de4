# %% [markdown]
# # The Dragon Hatchling: a language model whose memory is synapses
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/bdh.ipynb)
#
# The Dragon Hatchling (BDH) is a language model made of n neurons whose
# activity is never negative. It remembers what it has read in a matrix of
# synapses in each layer, which every token changes by Hebb's rule: neurons that
# fire are linked to what the network carries at that moment. So a token costs
# the same work and memory however long the text before it, and one can look at
# the memory, move it or erase it.
#
# Kosowski, Uznański, Chorowski, Stamirowska, Bartoszkiewicz:
# [The Dragon Hatchling](https://arxiv.org/abs/2509.26507) (2025). In a clone,
# `python -m launch.bdh` runs the experiment with three seeds and a report.

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
num_steps = 400  # of training on text; test: 2
num_neurons = 2048  # of the model of text; test: 64
sequence_length = 64  # bytes; test: 16
num_windows = 128  # of text to judge by; test: 8
ngram_bytes = 2_000_000  # counted for the baselines; test: 20_000
word_steps = 400  # of training on words; test: 2
word_neurons = 1024  # of the model of words; test: 64
sample_length = 240  # bytes to write; test: 10

# %% [markdown]
# ## The equation
#
# A token enters as a vector $v$ of $d$ numbers. Each of $L$ layers, all with
# the same weights but each with synapses $\rho$ of its own, then computes
#
# $$
# \begin{aligned}
# x &= \mathrm{relu}(v D_x), \quad q = R_t\, x
#   && \text{who fires; turned by the time } t \\
# a &= q\, \rho && \text{read: what the synapses recall} \\
# \rho &\leftarrow \rho + q \otimes v && \text{write: Hebb's rule} \\
# y &= \mathrm{relu}(\mathrm{LN}(a)\, D_y) \odot x
#   && \text{who fires and is recalled} \\
# v &\leftarrow \mathrm{LN}(v + \mathrm{LN}(y E)) && \text{what is passed on}
# \end{aligned}
# $$
#
# LN normalises to mean 0 and variance 1. $R_t$ turns pairs of neurons by angles
# that grow with $t$, each pair at its own speed, so that $q_t \cdot q_s$
# depends on how long ago $s$ was. Neurons lie in $h$ heads, which share $v$.
# $D_x$, $D_y$ and $E$ are learned (`params.encoder`, `.encoder_v`, `.decoder`);
# $\rho$ is not, it starts at zero with each text (`state.rho`).

# %%
import importlib.util

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib.analysis import ngram
from nmlib.data.text import corpus
from nmlib.data.text import crops
from nmlib.data.text import split
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
# ## What one token writes
#
# One layer with one head of 96 neurons, weights still random, reads the word
# `hatch` byte by byte. `bdh.step` takes the synapses and a byte, and returns
# the synapses after it.

# %%
tiny = bdh.Config(embed_dim=24, num_neurons=96, num_heads=1, num_layers=1)
tiny_params = bdh.init(jax.random.key(0), tiny)
tiny_state = bdh.initial_state(tiny)
letters = 'hatch'
tiny_tokens = jnp.array(list(letters.encode()))

history = [tiny_state.rho[0, 0]]
for token in tiny_tokens:
  tiny_state, _ = bdh.step(tiny_params, tiny_state, token, tiny)
  history.append(tiny_state.rho[0, 0])
history = np.array(history)  # [T + 1, N, d]
writes = np.diff(history, axis=0)

figure, panels = plt.subplots(2, len(letters), figsize=(7, 4.4), sharey=True)
limit = np.abs(history).max() / 2
for i, letter in enumerate(letters):
  for axes, values, title in (
      (panels[0, i], writes[i], f"'{letter}' writes"),
      (panels[1, i], history[i + 1], f"after '{letters[:i + 1]}'"),
  ):
    axes.imshow(values, cmap='RdBu_r', vmin=-limit, vmax=limit, aspect='auto')
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
for axes in panels[:, 0]:
  axes.set_ylabel('neuron')
for axes in panels[1]:
  axes.set_xlabel('component of v')
figure.colorbar(panels[0, 0].images[0], ax=panels, label='synapse', shrink=0.6)
plt.show()

# %% [markdown]
# Each byte writes the outer product of who fires (rows) and what is carried
# (columns): a matrix of rank 1. White rows are pairs of neurons that are both
# silent; the rotation lets a neuron that fires write its partner's row too. The
# second `h` finds the rows of the first, a little turned.

# %%
seen = bdh.apply(tiny_params, tiny_tokens, tiny, capture=('q', 'v/0')).captured
outer = np.einsum('tn,td->tnd', seen['q'][0, 0], seen['v/0'])
print('rank of each write:', np.linalg.matrix_rank(writes, rtol=1e-4))
print('differs from q ⊗ v by less than 1e-5:', np.allclose(
    writes, outer, atol=1e-5
))  # fmt: skip

# %% [markdown]
# ## Experiment 1: text
#
# Every machine with Python has a few megabytes of text: the sources of its
# standard library. A tiny model learns to predict their next byte. A tenth of
# the files is held out to judge it, beside n-gram models, which predict a byte
# from the frequencies of what followed the last byte (bigram) or two (trigram).

# %%
config = bdh.Config(
    embed_dim=64, num_neurons=num_neurons, num_layers=3, dropout_rate=0.0
)
text = split.split(corpus.python_library())
learn, held_out = (corpus.joined(part) for part in text[:2])
windows = crops.windows(held_out, sequence_length, num_windows)
baselines = ngram.losses(ngram.fit(learn[:ngram_bytes]), **windows)
print(f'{len(learn):,} bytes to learn from; {text.rule}')


def text_loss(params, batch):
  one = lambda row: bdh.loss(params, row['tokens'], row['targets'], config)
  return jnp.mean(jax.vmap(one)(batch))


def fit(loss, params, batch_at, steps, learning_rate, measure):
  """Trains by AdamW; measures the parameters ten times on the way."""
  optimizer = optax.adamw(learning_rate, weight_decay=0.1)

  @jax.jit
  def update(params, optimizer_state, batch):
    gradient = jax.grad(loss)(params, batch)
    change, optimizer_state = optimizer.update(
        gradient, optimizer_state, params
    )
    return optax.apply_updates(params, change), optimizer_state

  optimizer_state, curve = optimizer.init(params), [(0, measure(params))]
  for step in range(steps):
    params, optimizer_state = update(params, optimizer_state, batch_at(step))
    if (step + 1) % max(1, steps // 10) == 0:
      curve.append((step + 1, measure(params)))
  return params, curve


# %%
def text_measure(params):
  def one(row):
    out = bdh.apply(
        params, row['tokens'], config, capture=('x_active', 'y_active')
    )
    return {
        'loss': bdh.cross_entropy(out.logits, row['targets']),
        'x': out.captured['x_active'].mean((1, 2)),  # [L]
        'y': out.captured['y_active'].mean((1, 2)),
    }

  rows = jax.lax.map(one, windows, batch_size=16)
  return jax.tree.map(lambda leaf: leaf.mean(0), rows)


rows = crops.dataset(
    learn, sequence_length, seed=0, num_examples=16 * num_steps
).batch(16)
params, curve = fit(
    text_loss,
    bdh.init(jax.random.key(0), config),
    lambda step: rows[step],
    num_steps,
    2e-3,
    jax.jit(text_measure),
)
steps = [step for step, _ in curve]

figure, axes = plt.subplots()
axes.plot(steps, [float(m['loss']) for _, m in curve], 'o-', label='BDH')
for name, style in (('unigram', ':'), ('bigram', '--'), ('trigram', '-.')):
  axes.axhline(baselines[name], color='black', ls=style, lw=1, label=name)
axes.set(
    xlabel='optimizer step',
    ylabel='loss on held-out text (nats a byte)',
    title='A tiny BDH against n-grams',
)
axes.legend()
plt.show()

# %% [markdown]
# ### Few neurons speak
#
# Nothing in the loss asks for silence, and yet few of the gated neurons $y$ are
# active; the paper finds about 5 % in large models. A neuron is in $y$ only if
# the token excites it *and* the synapses recall it.

# %%
figure, panels = plt.subplots(1, 2, sharex=True)
for axes, name, title in zip(
    panels, ('x', 'y'), ('x: excited', 'y: excited and recalled'), strict=True
):
  for layer in range(config.num_layers):
    axes.plot(
        steps,
        [100 * float(m[name][layer]) for _, m in curve],
        'o-',
        label=f'layer {layer + 1}',
    )
  axes.set(xlabel='optimizer step', title=title)
  axes.set_ylim(bottom=0)
panels[0].set_ylabel('active neurons (%)')
panels[1].legend()
plt.show()

# %%
line = 'for name in names: print(name)'
line_tokens = jnp.array(list(line.encode()))
seen = bdh.apply(params, line_tokens, config, capture=('x/1', 'y/1')).captured
shown = np.linspace(0, config.neurons_per_head - 1, 100).astype(int)

figure, panels = plt.subplots(1, 2, figsize=(7, 4), sharey=True)
for axes, name in zip(panels, ('x', 'y'), strict=True):
  active = np.array(seen[f'{name}/1'][0][:, shown] > 0)  # of head 1, [T, 100]
  axes.imshow(active.T, cmap='Greys', aspect='auto', interpolation='nearest')
  axes.set_xticks(
      range(len(line)), line.replace(' ', '␣'), fontsize=7, family='monospace'
  )
  axes.set(xlabel='byte', title=f'{name}, layer 2: {active.mean():.1%} active')
panels[0].set_ylabel('100 neurons of head 1')
plt.show()

# %% [markdown]
# ### All context comes through the synapses
#
# Apart from the synapses, a layer sees the current byte alone. At the first
# byte of a window they are empty; with each further byte they hold more. The
# loss by position shows how far back this model makes use of them.


# %%
def losses_of(logits, targets):
  """Returns -log of the probability of each target, [T]."""
  return optax.softmax_cross_entropy_with_integer_labels(logits, targets)


by_position = np.array(
    jax.lax.map(
        lambda row: losses_of(
            bdh.apply(params, row['tokens'], config).logits, row['targets']
        ),
        windows,
        batch_size=16,
    )
)  # [W, T]
ends = np.array([1, 2, 3, 4, 8, 16, 32, 64])
ends = ends[ends <= sequence_length]
groups = np.split(by_position, ends, axis=1)[: len(ends)]
per_window = np.stack([group.mean(1) for group in groups])  # [groups, W]
error = per_window.std(1) / np.sqrt(per_window.shape[1])
labels = [
    f'{end - group.shape[1] + 1} to {end}' if group.shape[1] > 1 else str(end)
    for end, group in zip(ends, groups, strict=True)
]
figure, axes = plt.subplots()
axes.errorbar(labels, per_window.mean(1), error, fmt='o', label='BDH')
for name, style in (('bigram', '--'), ('trigram', '-.')):
  axes.axhline(baselines[name], color='black', ls=style, lw=1, label=name)
axes.set(
    xlabel='bytes read so far, the current one included',
    ylabel='loss (nats a byte)',
    title=f'Mean and standard error of {per_window.shape[1]} windows',
)
axes.legend()
plt.show()

# %% [markdown]
# ## Experiment 2: words that no weight can know
#
# A word of 8 random letters is written again and again. There are $26^8$ of
# them, so nothing learned can predict its first reading. From the second on,
# it is known, if it was remembered. Trained on ever new words, the model learns
# to remember: one step of gradient descent changes weights, one letter changes
# synapses.

# %%
word_length = 8
word_config = bdh.Config(
    vocab_size=26,
    embed_dim=64,
    num_neurons=word_neurons,
    num_layers=2,
    dropout_rate=0.0,
)


def words_at(step, count=32):
  """Returns [count, 4 * word_length] letters, 0 to 25: each word four times."""
  key = jax.random.key(step)
  return jnp.tile(jax.random.randint(key, (count, word_length), 0, 26), (1, 4))


def word_losses(params, letters):
  logits = bdh.apply(params, letters[:-1], word_config).logits
  return losses_of(logits, letters[1:])


def word_loss(params, batch):
  return jnp.mean(jax.vmap(word_losses, (None, 0))(params, batch))


new_words = words_at(2**31, 64)  # no step of training has seen them
word_measure = jax.jit(jax.vmap(word_losses, (None, 0)))
word_params, word_curve = fit(
    word_loss,
    bdh.init(jax.random.key(1), word_config),
    words_at,
    word_steps,
    3e-3,
    lambda params: word_measure(params, new_words),
)

figure, panels = plt.subplots(1, 2, figsize=(7, 3), width_ratios=(2, 3))
for reading in range(3):
  # The first letter of all is given, not predicted.
  part = slice(
      max(0, reading * word_length - 1), (reading + 1) * word_length - 1
  )
  panels[0].plot(
      [step for step, _ in word_curve],
      [float(losses[:, part].mean()) for _, losses in word_curve],
      'o-',
      ms=3,
      label=f'reading {reading + 1}',
  )
panels[0].set(xlabel='optimizer step', ylabel='loss (nats a letter)')
last = np.array(word_curve[-1][1])
panels[1].bar(np.arange(2, 2 + last.shape[1]), last.mean(0))
panels[1].set(xlabel='letter', title='after training, 64 new words')
for axes in panels:
  axes.axhline(np.log(26), color='black', ls=':', lw=1, label='chance')
panels[0].legend()
for reading in range(1, 4):
  panels[1].axvline(reading * word_length + 0.5, color='gray', lw=0.8)
plt.show()

# %% [markdown]
# ### Whose memory is it?
#
# The state is a value like any other. Let the model read each word twice, then
# change its synapses before it reads on: erase those of a layer, or give it
# those of a model that has read *another* word.

# %%
words = new_words[:, :word_length]
states = jax.vmap(
    lambda word: bdh.apply(word_params, jnp.tile(word, 2), word_config).state
)(words)
rho = states.rho  # [words, L, h, N, d]
changes = {
    'as they are': rho,
    'layer 1 erased': rho.at[:, 0].set(0.0),
    'layer 2 erased': rho.at[:, 1].set(0.0),
    'both erased': jnp.zeros_like(rho),
    "another word's": jnp.roll(rho, 1, axis=0),
}


@jax.jit
def third_reading(rho, words, targets):
  """Returns the loss of targets that follow the letters of words, [words]."""

  def one(rho, position, word, target):
    state = bdh.State(rho, position)
    # The first letter alone: further ones would be remembered too.
    logits = bdh.apply(word_params, word[:1], word_config, state=state).logits
    return losses_of(logits, target[1:2])[0]

  return jax.vmap(one)(rho, states.position, words, targets)


means = {
    name: float(third_reading(value, words, words).mean())
    for name, value in changes.items()
}
figure, axes = plt.subplots(figsize=(7, 2.6))
axes.barh(list(means), list(means.values()))
axes.invert_yaxis()
axes.axvline(np.log(26), color='black', ls=':', lw=1, label='chance')
axes.set(
    xlabel='loss of the second letter in the third reading (nats)',
    ylabel='synapses',
)
axes.legend()
plt.show()

# %% [markdown]
# With another word's synapses the model does worse than chance: it is sure of
# the wrong letter.
#
# ### What it looks back at
#
# $q_t \cdot q_s$ says how strongly letter $t$ reads what letter $s$ wrote.

# %%
q = bdh.apply(word_params, new_words[0], word_config, capture=('q',)).captured[
    'q'
]  # [L, h, T, N]
overlap = np.array(jnp.einsum('lhtn,lhsn->lhts', q, q))
overlap = np.where(np.tri(overlap.shape[-1], k=-1), overlap, np.nan)

figure, panels = plt.subplots(
    2, word_config.num_heads, figsize=(7, 4.2), sharex=True, sharey=True
)
for layer, head in np.ndindex(panels.shape):
  values = overlap[layer, head]
  limit = np.nanmax(np.abs(values))
  axes = panels[layer, head]
  axes.imshow(values, cmap='RdBu_r', vmin=-limit, vmax=limit)
  axes.set_title(f'layer {layer + 1}, head {head + 1}', fontsize=9)
  axes.set_xticks(range(0, 32, word_length))
  axes.set_yticks(range(0, 32, word_length))
figure.supxlabel('letter s that wrote')
figure.supylabel('letter t that reads')
plt.show()

# %% [markdown]
# Red is a large overlap, blue a negative one (each panel has its own scale).
# Bands along the diagonal look back a fixed number of letters: all words of
# training had the same length, and the turning $R_t$ lets the model count.
#
# ## Token by token or all at once
#
# Training compares all pairs of tokens in parallel; generation carries the
# synapses from token to token. `apply` has both forms, and a third in chunks:
# they are the same function.

# %%
passage = jnp.array(windows['tokens'][0])
forms = {
    form: np.array(
        jax.nn.softmax(bdh.apply(params, passage, config, form=form).logits)
    )
    for form in ('parallel', 'chunked', 'recurrent')
}
after = windows['targets'][0]
figure, axes = plt.subplots()
for (form, chances), style in zip(forms.items(), ('-', 's', '.'), strict=True):
  axes.plot(
      chances[np.arange(len(after)), after], style, mfc='none', label=form
  )
letters = [chr(byte) if 32 < byte < 127 else '␣' for byte in after]
axes.set_xticks(range(len(after)), letters, fontsize=6, family='monospace')
axes.set(xlabel='next byte', ylabel='its probability')
axes.legend(ncols=3, loc='lower left', bbox_to_anchor=(0, 1))
plt.show()
largest = max(np.abs(forms['parallel'] - p).max() for p in forms.values())
print('probabilities agree to 1e-4:', largest < 1e-4)

# %% [markdown]
# ### It writes

# %%
prompt = 'def '
written = bdh.generate(
    params,
    jnp.array(list(prompt.encode())),
    sample_length,
    config,
    temperature=0.7,
    key=jax.random.key(0),
)
print(prompt + bytes(written.tolist()).decode(errors='replace'))

# %% [markdown]
# ## Try it
#
# Type a word of 8 letters. The model reads it once, loses the synapses that you
# choose, and reads it again: each column is what it expects as next letter, and
# a circle marks the one that comes. The last column asks for the first letter,
# which has just been read once more: no erasure before can take it away.


# %%
def recall(word='hatchery', erased='none'):
  """Draws what is expected at each letter of the second reading."""
  word = ''.join(c for c in word.lower() if c.isascii() and c.isalpha())
  if len(word) != word_length:
    print(f'a word of {word_length} letters, please: {word!r} has {len(word)}')
    return
  letters = jnp.array([ord(c) - ord('a') for c in word])
  state = bdh.apply(word_params, letters, word_config).state
  layers = {'none': [], 'layer 1': [0], 'layer 2': [1], 'both': [0, 1]}[erased]
  for layer in layers:
    state = state._replace(rho=state.rho.at[layer].set(0.0))
  logits = bdh.apply(word_params, letters, word_config, state=state).logits
  figure, axes = plt.subplots(figsize=(5, 4.6))
  image = axes.imshow(
      jax.nn.softmax(logits).T, cmap='Blues', vmin=0, vmax=1, aspect='auto'
  )
  axes.plot(np.roll(letters, -1), 'o', mfc='none', mec='tab:red', ms=9)
  axes.set_xticks(range(word_length), word)
  axes.set_yticks(range(26), map(chr, range(97, 123)), fontsize=7)
  axes.set(
      xlabel='letter read', ylabel='next letter', title=f'erased: {erased}'
  )
  figure.colorbar(image, ax=axes, label='probability')
  plt.show()


recall()
recall(erased='both')

# %%
if importlib.util.find_spec('ipywidgets'):
  import ipywidgets

  ipywidgets.interact(
      recall,
      word=ipywidgets.Text('hatchery', continuous_update=False),
      erased=['none', 'layer 1', 'layer 2', 'both'],
  )

# %% [markdown]
# ## Exercises
#
# Each changes a line or two.
#
# 1. *Forgetting.* Give the first `bdh.Config` of experiment 1 `decay=0.05`: the
#    synapses lose 5 % with each byte. Is the loss better or worse?
# 2. *The paper's other equation.* `residual='neuron'` is its equation (8),
#    which adds layers up in $x$ instead of $v$. Which learns faster here?
# 3. *Another length.* Call `recall` of a word of 6 letters (change
#    `word_length` in a cell of its own, without training again). What has the
#    model learned to count?
# 4. *Learning without looking back.* With `detach=True` no gradient goes
#    through what was remembered (section 7.2 of the paper). Which of the two
#    experiments suffers?
# 5. *More neurons.* Double `num_neurons`. Do more neurons fire, or the same
#    number?
# 6. *Two in one.* Train a second model with `jax.random.key(2)` and put them
#    side by side: `bdh.merge([params, second])` with
#    `bdh.merged_config(config, 2)`. What does the merged one write?

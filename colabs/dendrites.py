# %% [markdown]
# # Dendrites and sparse codes
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/dendrites.ipynb)

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
# A segment of a dendrite with two dozen synapses recognises a pattern of
# thousands of cells, and almost never fires by mistake, if only few of these
# cells are active at a time. Segments that listen to the context can switch
# their neuron on and off, so that one network does one thing here and another
# there. And a dendrite can be grown onto a trained neuron, to learn the error
# that it still makes.
#
# Of $n$ cells $a$ are active; a segment has $s$ synapses and fires if at least
# $\theta$ of them see an active cell. The chance that a random pattern does is
#
# $$P_\mathrm{fp} = \sum_{b=\theta}^{\min(s,a)}
# \binom{s}{b} \binom{n-s}{a-b} \Big/ \binom{n}{a},$$
#
# the share of patterns in the overlap sets
# $|\Omega(n,a,s,b)| = \binom{s}{b} \binom{n-s}{a-b}$ of Ahmad and Hawkins
# ([arXiv 1601.00720](https://arxiv.org/abs/1601.00720), 2016).
# `nmlib.analysis.sparse_codes` computes it with whole numbers, exactly.

# %% tags=["parameters"]
num_neurons = 200  # test: 10
num_patterns = 300  # test: 20
population_sizes = (200, 300, 400, 500, 700)  # test: (200,)
num_unions = 300  # test: 20
num_seeds = 3  # test: 2
num_networks = 4  # test: 1
num_hidden = 128  # test: 20
num_steps = 600  # test: 12
num_looks = 12  # test: 2
num_dendrites = 4  # test: 2
num_fit_steps = 1000  # test: 20
num_candidates = 8  # test: 2

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib.analysis import sparse_codes
from nmlib.analysis.sparse_codes import patterns
from nmlib.data.images import digits
from nmlib.networks import active_dendrites
from nmlib.networks import mlp
from nmlib.networks.dendrites import dendrite_candidates
from nmlib.networks.dendrites import dendritic
from nmlib.neurons.core import k_winners
from nmlib.neurons.dendrites import active
from nmlib.neurons.dendrites import coincidence

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
# ## A segment, and how often it is wrong
#
# 1,024 cells, 40 of them active. The segment has sampled 20 of the active cells
# of one pattern and fires at 10. Black: active; a ring: a synapse.

# %%
n, a, s, theta = 1024, 40, 20, 10
keys = jax.random.split(jax.random.key(0), 4)
stored = patterns.random_pattern(keys[0], n, a)
synapses = patterns.sample_segment(keys[1], stored, s)
shown = {
    'its own pattern': stored,
    'with 16 of 40 cells lost': patterns.lose_cells(keys[2], stored, 16),
    'a random pattern': patterns.random_pattern(keys[3], n, a),
}
figure, panels = plt.subplots(1, 3, figsize=(9, 2.2))
for axes, (name, pattern) in zip(panels, shown.items(), strict=True):
  axes.imshow(pattern.reshape(16, 64), cmap='gray_r', aspect='auto')
  y, x = np.divmod(np.asarray(synapses), 64)
  axes.plot(x, y, 'o', mfc='none', color='C3', ms=6)
  overlap = int(pattern[synapses].sum())
  verdict = 'fires' if overlap >= theta else 'is silent'
  axes.set_title(f'{name}:\noverlap {overlap}, {verdict}', size=9)
  axes.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# Exact probabilities (lines) beside a simulation (dots): a layer of
# `coincidence` neurons with random segments, shown random patterns. Where no
# segment fired in the whole simulation there is no dot; the lines go on to
# probabilities that no simulation reaches.


# %%
def observed(key, n, a, s, theta):
  """Returns the share of segments that random patterns fire."""
  config = coincidence.Config(
      n, num_neurons, 10, num_synapses=s, threshold=theta
  )
  params = coincidence.init(key, config)

  def fires(key):
    pattern = patterns.random_pattern(key, n, a)
    return coincidence.apply(params, pattern, config).fires.mean()

  return jax.jit(jax.vmap(fires))(jax.random.split(key, num_patterns)).mean()


figure, panels = plt.subplots(1, 2, figsize=(9, 3))
for i, active_cells in enumerate((64, 128)):
  rates = [
      observed(jax.random.key(i), size, active_cells, 24, 12)
      for size in population_sizes
  ]
  seen = np.array(rates, float)
  seen[seen == 0] = np.nan
  panels[0].plot(population_sizes, seen, 'o', color=f'C{i}')
  sizes = range(min(population_sizes), 1501, 50)
  exact = [sparse_codes.false_positive(x, active_cells, 24, 12) for x in sizes]
  panels[0].plot(sizes, exact, color=f'C{i}', label=f'a = {active_cells}')
panels[0].set(
    yscale='log', xlabel='cells n', ylabel='P(false positive)',
    title=r's = 24, $\theta$ = 12',
)  # fmt: skip
panels[0].legend()


def draw_errors(axes, n=10000, a=200, s=24, lost=0.4):
  """Draws both kinds of error against the threshold."""
  s = min(s, a)
  thetas = range(1, s + 1)
  wrong = [sparse_codes.false_positive(n, a, s, t) for t in thetas]
  axes.semilogy(thetas, wrong, color='C3', label='fires at a random pattern')
  missed = [
      sparse_codes.false_negative(a, s, round(lost * a), t) for t in thetas
  ]
  label = f'misses its own, {lost:.0%} of it lost'
  axes.semilogy(thetas, missed, color='C0', label=label)
  best = sparse_codes.optimal_threshold(n, a, s, round(lost * a), 1e6)
  axes.axvline(best, color='gray', ls=':', label=rf'best $\theta$ = {best}')
  axes.set(
      xlabel=r'threshold $\theta$', ylim=(1e-20, 3),
      title=f'n = {n}, a = {a}, s = {s}',
  )  # fmt: skip
  axes.legend(fontsize=8, loc='center right')


draw_errors(panels[1])
plt.show()

# %% [markdown]
# On the right the two errors pull the threshold apart. The best one (dotted) is
# for a segment that meets a million random patterns for each of its own; that
# weight is our choice (`optimal_threshold`). Thresholds measured in dendrites,
# about 8 to 20, are best for weights of ten thousand and more.

# %%
try:
  import ipywidgets
except ImportError:
  print('pip install ipywidgets for sliders; the figure above is what they do.')
else:

  def show_errors(n=10000, a=200, s=24, lost=0.4):
    _, axes = plt.subplots(figsize=(5, 3))
    draw_errors(axes, n, a, s, lost)
    plt.show()

  ipywidgets.interact(
      show_errors,
      n=(1000, 20000, 1000),
      a=(40, 1000, 40),
      s=(10, 40, 2),
      lost=(0.0, 0.9, 0.1),
  )

# %% [markdown]
# ## Unions: several patterns on one segment
#
# A segment may sample $m$ patterns at once. Its synapses then are a union, of a
# random size, and it fires by mistake more and more often. The exact law mixes
# over that size; the usual approximation takes the mean size, the simplest one
# pretends that samples never share a cell.

# %%
stored_counts = np.arange(1, 13)
laws = {
    'exact': sparse_codes.union_false_positive_exact_mixture,
    'mean size': sparse_codes.union_false_positive_mean_size,
    'disjoint': sparse_codes.union_false_positive_disjoint,
}
looks = {'exact': '-', 'mean size': '--', 'disjoint': ':'}


draw = jax.jit(jax.vmap(patterns.random_pattern, (0, None, None)),
               static_argnums=(1, 2))  # fmt: skip
split = lambda seed, count: jax.random.split(jax.random.key(seed), count)
most = int(stored_counts[-1])
samples = draw(split(1, num_unions * most), n, s).reshape(-1, most, n)
random_patterns = draw(split(2, 10 * num_unions), n, a)
simulated = {}
for m in (3, 5, 8, 12):
  unions = samples[:, :m].any(1)
  overlaps = unions.astype(float) @ random_patterns.astype(float).T
  rate = float(jnp.mean(overlaps >= theta))
  if rate > 0:
    simulated[m] = rate
figure, panels = plt.subplots(1, 2, figsize=(9, 3))
chances = {
    name: np.array([law(n, a, s, int(m), theta) for m in stored_counts])
    for name, law in laws.items()
}
for i, (name, values) in enumerate(chances.items()):
  look = {'color': f'C{i}', 'ls': looks[name], 'label': name}
  panels[0].semilogy(stored_counts, values, **look)
  panels[1].plot(stored_counts, values / chances['exact'], **look)
look = {'color': 'k', 'label': 'simulated'}
panels[0].semilogy(list(simulated), list(simulated.values()), 'o', **look)
panels[0].set(ylabel='P(false positive)')
panels[1].set(ylabel='approximation / exact')
for axes in panels:
  axes.set_xlabel('patterns m on one segment')
panels[0].legend(fontsize=8)
figure.suptitle(
    rf'n = {n}, a = {a}, s = {s} of each, $\theta$ = {theta}', size=10
)
plt.show()

# %% [markdown]
# ## k-winners: a sparse code of images
#
# Theory speaks of random patterns. A layer in which only the $k$ largest
# answers stay makes sparse codes of anything; here 40 random features of 1,024
# win for each handwritten digit. Do such codes overlap like random ones?

# %%
parts = digits.small()
mean, deviation = parts.train.images.mean(), parts.train.images.std()
train, test = (
    (jnp.asarray((p.images - mean) / deviation).reshape(-1, 64),
     jnp.asarray(p.labels))
    for p in (parts.train, parts.test)
)  # fmt: skip
features = jax.random.normal(jax.random.key(5), (64, n)) / 8
codes = jax.vmap(lambda x: k_winners.k_winners(x @ features, a) != 0)(test[0])
overlaps = np.asarray(codes.astype(float) @ codes.astype(float).T)
same = np.asarray(test[1][:, None] == test[1][None])
pairs = ~np.eye(len(same), dtype=bool)
bins = np.arange(a + 2)
chance = [
    sparse_codes.overlap_count(n, a, a, b) / sparse_codes.pattern_count(n, a)
    for b in bins[:-1]
]
figure, panels = plt.subplots(1, 2, figsize=(9, 2.8))
one = test[0][0] @ features
winners = k_winners.k_winners(one, a)
panels[0].plot(np.sort(one)[::-1], color='lightgray', lw=4, label='all')
panels[0].plot(np.sort(winners)[::-1][:a], color='C3', label='winners')
panels[0].set(xlabel='feature, by size', ylabel='answer to one digit')
panels[0].legend()
for name, chosen in (('same class', same & pairs), ('another class', ~same)):
  panels[1].hist(overlaps[chosen], bins - 0.5, density=True, histtype='step',
                 label=name)  # fmt: skip
panels[1].plot(bins[:-1], chance, 'k:', label='random codes, exact')
panels[1].set(
    xlabel='cells that two codes share', ylabel='share of pairs',
    yscale='log', ylim=(1e-5, 1),
)  # fmt: skip
panels[1].legend(fontsize=8)
plt.show()
wrong = float(np.mean(overlaps[~same] >= theta))
print(f'share {theta} cells or more: {wrong:.3f} of pairs of two classes,')
print(f'random codes: {sparse_codes.false_positive(n, a, a, theta):.1e}')

# %% [markdown]
# They do not: images are alike, and so are codes of random features of them.
# The formulas hold for codes that are spread like random ones, which a layer
# has to learn first.

# %% [markdown]
# ## Active dendrites: one network, two tasks that contradict each other
#
# A unit of Iyer et al.
# ([2022, arXiv 2201.00042](https://arxiv.org/abs/2201.00042)) multiplies its
# answer by what its winning segment says about the context $c$:
#
# $$y = (w \cdot x + b) \, \sigma(u_{j^*} \cdot c), \qquad
# j^* = \arg\max_j |u_j \cdot c|,$$
#
# and k-winners follow. Task A: name the digit. Task B: name the digit that
# comes after it. The images are the same, the answers never are; only the
# context tells which task it is. Without segments nothing reads the context.

# %%
contexts = jnp.stack([jnp.arange(64) // 8 == task for task in (0, 1)]) * 1.0
networks = {  # segments of each unit, share of winners (0: ReLU)
    'segments, k-winners': (2, 0.1),
    'segments': (2, 0.0),
    'k-winners': (0, 0.1),
    'ReLU': (0, 0.0),
}


def learn(key, one_by_one, config):
  """Trains on both tasks; returns params and accuracy [looks, tasks].

  The tasks take turns within each batch, or come one after the other.
  """
  params = active_dendrites.init(key, config)
  optimizer = optax.adam(1e-3)

  def answers(params, images, tasks):
    run = lambda x, t: active_dendrites.apply(params, x, contexts[t], config)
    return jax.vmap(run)(images, tasks)

  def step(carry, i):
    params, state = carry
    rows = jax.random.randint(
        jax.random.fold_in(key, i), (64,), 0, len(train[1])
    )
    tasks = jnp.where(one_by_one, i >= num_steps // 2, jnp.arange(64) % 2)
    labels = (train[1][rows] + tasks) % 10

    def loss(params):
      logits = answers(params, train[0][rows], tasks.astype(int))
      losses = optax.losses.softmax_cross_entropy_with_integer_labels
      return jnp.mean(losses(logits, labels))

    updates, state = optimizer.update(jax.grad(loss)(params), state)
    return (optax.apply_updates(params, updates), state), None

  def right(params, task):
    tasks = jnp.full(len(test[1]), task)
    named = jnp.argmax(answers(params, test[0], tasks), -1)
    return jnp.mean(named == (test[1] + task) % 10)

  def look(carry, i):
    every = num_steps // num_looks
    carry, _ = jax.lax.scan(step, carry, i * every + jnp.arange(every))
    return carry, jax.vmap(right, (None, 0))(carry[0], jnp.arange(2))

  carry = params, optimizer.init(params)
  (params, _), accuracy = jax.lax.scan(look, carry, jnp.arange(num_looks))
  return params, accuracy


def sizes(num_segments, density):
  return active_dendrites.Config(
      num_inputs=64,
      hidden=(num_hidden,),
      num_segments=num_segments,
      activation_density=density,
      weight_density=1.0,
      context_density=1 / 8,
  )


learned = {}
seeds = jax.random.split(jax.random.key(2), num_seeds)
for name in list(networks)[:num_networks]:
  run = functools.partial(learn, config=sizes(*networks[name]))
  over_orders = jax.vmap(jax.vmap(run, (0, None)), (None, 0))
  learned[name] = jax.jit(over_orders)(seeds, jnp.array([False, True]))

# %%
figure, grid = plt.subplots(
    2, num_networks, figsize=(9, 4), sharex=True, sharey=True, squeeze=False
)
steps = (1 + np.arange(num_looks)) * (num_steps // num_looks)
for axes, (name, (_, accuracy)) in zip(grid.T, learned.items(), strict=True):
  for panel, runs in zip(axes, accuracy, strict=True):
    for task, label in enumerate(('A: this digit', 'B: the next digit')):
      panel.plot(steps, runs[:, :, task].T, color=f'C{task}', lw=0.7, alpha=0.5)
      panel.plot(
          steps, runs[:, :, task].mean(0), color=f'C{task}', lw=2, label=label
      )
  axes[0].set_title(name, size=10)
  axes[1].axvline(num_steps // 2, color='gray', ls=':')
  axes[1].set_xlabel('training step')
grid[0, 0].set_ylabel('taking turns')
grid[1, 0].set_ylabel('A, then B')
grid[0, -1].legend(fontsize=8, loc='lower left')
figure.suptitle('test accuracy (thin: a seed)', size=10)
plt.show()
for name, (_, accuracy) in learned.items():
  mixed, kept = accuracy[0, :, -1].mean(), accuracy[1, :, -1, 0].mean()
  print(f'{name:20} both tasks {mixed:.3f}   A after B {kept:.3f}')

# %% [markdown]
# Taking turns, a network that cannot see the context can be right half of the
# time at best; one whose segments do learns both. Learned one after the other,
# A is forgotten, a little less where segments and k-winners are together. The
# two tasks share every output weight, which no gate protects. The paper's tasks
# are permuted images, which do not contradict each other, and there segments
# and k-winners keep far more (`python -m launch.active_dendrites`).
#
# How much each unit is let through in either context, before and after:

# %%
before = active_dendrites.init(seeds[0], sizes(2, 0.1))
after = jax.tree.map(lambda leaf: leaf[0, 0], learned['segments, k-winners'][0])
figure, panels = plt.subplots(1, 2, figsize=(6, 3), sharey=True)
both = {'before': before, 'after taking turns': after}
for axes, (name, params) in zip(panels, both.items(), strict=True):
  gates = [
      jax.nn.sigmoid(active.winner(params.layers[0].segments, c)[0])
      for c in contexts
  ]
  axes.scatter(*gates, s=9, alpha=0.7)
  axes.set(title=name, xlabel='gate in context A', xlim=(-0.03, 1.03))
panels[0].set_ylabel('gate in context B')
plt.show()

# %% [markdown]
# ## A grown dendrite
#
# Brenner and Itti, *Perforated Backpropagation*
# ([arXiv 2501.18018](https://arxiv.org/abs/2501.18018), 2025), train a neuron
# first, then a dendrite $d$ for it while all else is frozen. The dendrite
# maximises the score of Cascade-Correlation (Fahlman and Lebiere 1990)
#
# $$S = \left| \frac1P \sum_p (d_p - \bar d)(E_p - \bar E) \right|,$$
#
# where $E_p$ is the error that arrives at the neuron in example $p$. Then it is
# frozen too, and the neuron learns on with one more weight $r$, which starts at
# 0: $a = w x + b + \sum_k r_k d_k$.
#
# The neuron below is linear and has to follow a curve, which it cannot.

# %%
xs = jnp.linspace(-3, 3, 200)[:, None]
ys = jnp.sin(2 * xs) + 0.3 * xs


def squared(output, y):
  return jnp.mean((output - y) ** 2)


@jax.jit
def fit_neuron(grown):
  """Trains the neuron and its weights from dendrites, which stay frozen."""
  optimizer = optax.adam(optax.cosine_decay_schedule(0.05, num_fit_steps))

  def loss(learning):
    params = grown._replace(base=learning[0], to_neuron=learning[1])
    run = lambda x: dendritic.apply(mlp.apply, params, x)
    return squared(jax.vmap(run)(xs), ys)

  def step(carry, _):
    learning, state = carry
    updates, state = optimizer.update(jax.grad(loss)(learning), state)
    return (optax.apply_updates(learning, updates), state), None

  start = grown.base, grown.to_neuron
  carry = start, optimizer.init(start)
  (base, weights), _ = jax.lax.scan(step, carry, length=num_fit_steps)[0]
  return grown._replace(base=base, to_neuron=weights)


@jax.jit
def train_candidates(key, grown):
  """Trains candidates side by side; returns the best, its score, errors."""
  optimizer = optax.adam(0.05)
  values, errors = dendrite_candidates.samples(
      mlp.apply, grown, squared, xs, ys
  )

  def one(key):
    drawn = dendritic.init_candidates(key, mlp.apply, grown, xs[0], 1.0)
    climb = lambda found, _: (
        dendrite_candidates.improve(found, values, errors, optimizer),
        None,
    )
    start = dendrite_candidates.start(drawn, optimizer)
    found, _ = jax.lax.scan(climb, start, length=num_fit_steps // 2)
    return found.best, found.score

  found = jax.vmap(one)(jax.random.split(key, num_candidates))
  best, score = dendrite_candidates.best_of(*found)
  return best, score, errors, values(best)


grown = dendritic.bare(mlp.apply, mlp.init(jax.random.key(3), (1, 1)), xs[0])
stages, errors_seen = [fit_neuron(grown)], []
for k in range(num_dendrites):
  best, _, errors, answers = train_candidates(jax.random.key(k), stages[-1])
  errors_seen.append((errors['dense_0'][:, 0], answers['dense_0'][:, 0]))
  stages.append(fit_neuron(dendritic.accept(stages[-1], best)))


# %%
def fitted(params):
  return jax.vmap(lambda x: dendritic.apply(mlp.apply, params, x))(xs)


def draw_stage(axes, k):
  """Draws the neuron with k dendrites, and the curve."""
  axes.plot(xs, ys, color='lightgray', lw=4)
  axes.plot(xs, fitted(stages[k]), color='C0')
  error = squared(fitted(stages[k]), ys)
  axes.set_title(f'dendrites: {k}, error {error:.3f}', size=9)


figure, grid = plt.subplots(
    2, len(stages), figsize=(9, 3.6), sharex=True, sharey='row'
)
for k in range(len(stages)):
  draw_stage(grid[0, k], k)
normal = lambda x: (x - x.mean()) / x.std()
for k, (error, value) in enumerate(errors_seen):
  sign = np.sign(np.corrcoef(error, value)[0, 1])
  grid[1, k].plot(xs, normal(error), color='C3', label='error left')
  grid[1, k].plot(xs, sign * normal(value), 'k--', label='new dendrite')
  grid[1, k].set_xlabel('input x')
grid[1, -1].axis('off')
grid[0, 0].set_ylabel('neuron')
grid[1, 0].set_ylabel('normalised')
grid[1, -1].legend(*grid[1, 0].get_legend_handles_labels(), fontsize=8)
plt.show()

# %%
try:
  import ipywidgets
except ImportError:
  print('pip install ipywidgets for a slider over the panels above.')
else:

  def show_stage(dendrites=1):
    _, axes = plt.subplots(figsize=(4, 2.6))
    draw_stage(axes, dendrites)
    plt.show()

  ipywidgets.interact(show_stage, dendrites=(0, num_dendrites))

# %% [markdown]
# ## What this shows, and what not
#
# - The probabilities are exact for random patterns; the simulation agrees with
#   them where it reaches. Segments on real codes fire by mistake more often, as
#   the digits show.
# - Segments solve a contradiction that context resolves. This network was told
#   its context; in the paper it infers it. Keeping old tasks is shown only in
#   the weak form above.
# - The grown dendrite shows the rule on one curve, where the neuron alone is
#   hopeless. It does not show that growing beats other ways to spend
#   parameters: in `python -m launch.dendrite_growth` a plain network of as many
#   parameters does better than grown dendrites do.
#
# ## Exercises
#
# Each changes one line.
#
# 1. Raise `theta` to 14 where it is first set. How many patterns may one
#    segment store now, at one mistake in a thousand?
# 2. Subtract the mean image in `codes`: `(x - train[0].mean(0)) @ features`.
#    How far do codes of two classes move towards random ones?
# 3. Give units one segment: `(2, 0.0)` of `'segments'` becomes `(1, 0.0)`. Is
#    one enough?
# 4. Set the density of `'segments, k-winners'` to 0.03. Is more of A kept, and
#    what does it cost?
# 5. Candidates that do not learn: `length=num_fit_steps // 2` becomes
#    `length=1`. What are random dendrites good for?

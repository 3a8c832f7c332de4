# %% [markdown]
# # Rich and lazy learning: the initial rank decides
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/rich_lazy.ipynb)

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
# A network can learn a task with hardly a change of what it computes inside
# (lazily), or by building new features (richly). Which of the two happens is
# decided before learning begins: recurrent weights that start with a high rank
# learn lazily, those that start with a low rank richly, even if both have the
# same norm. The exception is a low rank that happens to point where the task
# does: nothing has to change then.
#
# That is the claim of Liu et al., *How connectivity structure shapes rich and
# lazy learning in neural circuits*
# ([arXiv 2310.08513](https://arxiv.org/abs/2310.08513), ICLR 2024). Their
# program's network (`nmlib.neurons.rate.rnn`), for steps as long as its time
# constant, is
#
# $$h_t = \mathrm{ReLU}(W_x x_t + W_h h_{t-1}), \qquad y_t = W_o h_t,$$
#
# and laziness is how well tangent kernels after and before learning align,
#
# $$\mathrm{KA} = \frac{\langle K, K_0 \rangle}{|K|\,|K_0|}, \qquad
# K = J J^\top, \quad J = \frac{\partial y}{\partial W_h},$$
#
# with $J$ over all outputs of a few trials. KA is 1 if learning changed nothing
# but the outputs. The same measure of states $H H^\top$ in place of $K$ is the
# alignment of representations.

# %% tags=["parameters"]
num_units = 100  # test: 12
ranks = (1, 10, 100)  # test: (1, 12)
num_seeds = 6  # test: 2
num_steps = 2000  # test: 4
num_looks = 4  # test: 2
probe_trials = 320  # test: 8
kernel_trials = 8  # test: 2
dimension = 20  # test: 6
linear_ranks = (1, 2, 4, 8, 20)  # test: (1, 6)
num_teachers = 24  # test: 3

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib.analysis import effective_rank
from nmlib.analysis import linear_theory
from nmlib.data.tasks import trial_tasks
from nmlib.networks import trial_network
from nmlib.neurons.initializers import low_rank
from nmlib.neurons.rate import rnn

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
# ## Same norm, another spectrum
#
# All ranks start from one Gaussian matrix $W_0$: its largest singular values
# are kept and scaled up until the Frobenius norm is that of $W_0$ again
# (`low_rank`). `power_law` gives it a smooth spectrum instead. Note the price:
# at equal Frobenius norm a low rank has a much larger spectral norm.

# %%
key = jax.random.key(0)
matrices = {f'rank {r}': low_rank.low_rank(key, num_units, r) for r in ranks}
matrices['power law 1/i'] = low_rank.power_law(key, num_units, 1.0)

figure, panels = plt.subplots(1, 2, figsize=(9, 3))
print(f'{"":15}{"Frobenius":>10}{"spectral":>10}{"participation":>15}')
for i, (name, matrix) in enumerate(matrices.items()):
  values = np.linalg.svd(matrix, compute_uv=False)
  participation = effective_rank.effective_rank(matrix, 'participation')
  print(
      f'{name:15}{np.linalg.norm(values):10.2f}{values[0]:10.2f}'
      f'{participation:15.1f}'
  )
  present = values[values > 1e-4 * values[0]]
  places = np.arange(1, len(present) + 1)
  panels[0].loglog(places, present, '.-', color=f'C{i}', label=name)
  eigen = np.linalg.eigvals(matrix)
  panels[1].plot(eigen.real, eigen.imag, '.', color=f'C{i}', alpha=0.6)
panels[0].set(xlabel='index i', ylabel='singular value $s_i$')
panels[0].legend(fontsize=8)
circle = np.exp(2j * np.pi * np.linspace(0, 1, 200))
panels[1].plot(circle.real, circle.imag, color='lightgray', zorder=0)
panels[1].set(xlabel='Re of eigenvalues', ylabel='Im', aspect='equal')
plt.show()

# %%
try:
  import ipywidgets
except ImportError:
  print('pip install ipywidgets for sliders; the figure above is what they do.')
else:

  def show_matrix(rank=5):
    matrix = np.asarray(low_rank.low_rank(key, num_units, rank))
    _, panels = plt.subplots(1, 2, figsize=(7, 2.8))
    limit = np.abs(matrix).max()
    panels[0].imshow(matrix, cmap='RdBu', vmin=-limit, vmax=limit)
    panels[0].set(title='$W_h$ (row: target)', xticks=[], yticks=[])
    values = np.linalg.svd(matrix, compute_uv=False)
    panels[1].semilogy(1 + np.arange(rank), values[:rank], '.-')
    panels[1].set(xlabel='index i', ylabel='singular value', ylim=(0.1, 20))
    plt.show()

  ipywidgets.interact(show_matrix, rank=(1, num_units))

# %% [markdown]
# ## A task, and networks that learn it
#
# Which of two noisy stimuli is stronger? The network has to fixate for seven
# steps and to answer in the eighth (`trial_tasks`, drawn as the authors' tasks
# are). Networks of one seed share $W_0$, $W_x$, $W_o$ and the order of trials,
# so that ranks can be compared seed by seed; seeds are trained side by side by
# `jax.vmap`. Plain gradient descent with momentum, the authors' rates.

# %%
task = trial_tasks.load('2AF')
config = rnn.Config(task.num_inputs, num_units, task.num_outputs)


@functools.partial(jax.jit, static_argnums=1)
def draw(key, count):
  return jax.vmap(task.sample)(jax.random.split(key, count))


probe = draw(jax.random.key(4321), probe_trials)
figure, panels = plt.subplots(1, 3, figsize=(9, 1.8), sharey=True)
for axes, trial, label in zip(panels, probe.inputs, probe.labels, strict=False):
  axes.imshow(trial.T, cmap='gray_r', vmin=0, vmax=1, aspect='auto')
  axes.set_title(f'choice {label[-1]}', size=10)
  axes.set(xlabel='step', yticks=range(3))
panels[0].set_yticklabels(['fixate', 'stimulus 1', 'stimulus 2'])
plt.show()


# %%
def learn(key, recurrent):
  """Trains one network; returns its measures [looks] as it goes."""
  weights_key, trials_key = jax.random.split(key)
  start = rnn.init(weights_key, config, recurrent)
  optimizer = optax.sgd(0.003, momentum=0.9)

  def step(carry, i):
    params, state = carry
    trials = draw(jax.random.fold_in(trials_key, i), 32)
    loss, gradient = jax.value_and_grad(trial_network.loss)(
        params, trials, config
    )
    updates, state = optimizer.update(gradient, state)
    return (optax.apply_updates(params, updates), state), loss

  def look(carry, i):
    every = num_steps // num_looks
    carry, losses = jax.lax.scan(step, carry, i * every + jnp.arange(every))
    found = trial_network.learnt(
        carry[0], start, probe, config, kernel_trials=kernel_trials
    )
    return carry, found | {'loss': losses}

  carry = start, optimizer.init(start)
  return jax.lax.scan(look, carry, jnp.arange(num_looks))[1]


@jax.jit
def learn_all(keys, starts):
  """Trains all seeds side by side, one rank after the other."""
  return jax.lax.map(lambda rank: jax.vmap(learn)(keys, rank), starts)


keys = jax.random.split(jax.random.key(1), num_seeds)
initialise = lambda rank: jax.vmap(
    lambda key: low_rank.low_rank(key, num_units, rank)
)(keys)
starts = jnp.stack([initialise(rank) for rank in ranks])  # [ranks, seeds, N, N]
found = jax.tree.map(np.asarray, learn_all(keys, starts))

# %%
figure, panels = plt.subplots(1, 2, figsize=(9, 3))
looks = (1 + np.arange(num_looks)) * (num_steps // num_looks)
smooth = max(1, num_steps // 40)
for i, rank in enumerate(ranks):
  losses = found['loss'][i].reshape(num_seeds, -1, smooth).mean((0, 2))
  steps = smooth * (0.5 + np.arange(len(losses)))
  panels[0].plot(steps, losses, color=f'C{i}', label=f'rank {rank}')
  alignment = np.pad(
      found['kernel_alignment'][i], ((0, 0), (1, 0)), constant_values=1
  )
  since = [0, *looks]
  panels[1].plot(since, alignment.T, color=f'C{i}', lw=0.7, alpha=0.5)
  panels[1].plot(since, alignment.mean(0), 'o-', color=f'C{i}')
panels[0].set(
    xlabel='training step', ylabel='loss (nats), mean of seeds', yscale='log'
)
panels[0].legend()
panels[1].set(
    xlabel='training step', ylabel='tangent kernel alignment', ylim=(0, 1.02)
)
plt.show()

# %% [markdown]
# All ranks learn the task. (A fifth of the trials show two equal stimuli, so no
# more than 0.9 can be right.) Alignments of networks that did not learn would
# mean nothing. At the end, a line a seed:

# %%
measures = {
    'kernel_alignment': 'tangent kernel alignment',
    'representation_alignment': 'representation alignment',
    'weight_change': 'change of $W_h$',
    'accuracy': 'accuracy of the choice',
}
figure, panels = plt.subplots(1, 4, figsize=(9, 2.8))
for axes, (kind, name) in zip(panels, measures.items(), strict=True):
  last = found[kind][:, :, -1]  # [ranks, seeds]
  axes.plot(last, 'o-', color='C0', ms=4, lw=0.7, alpha=0.6)
  axes.plot(last.mean(1), '_', color='C3', ms=22, mew=2)
  axes.set_xticks(range(len(ranks)), ranks)
  axes.set_title(name, size=9)
  axes.set(xlabel='initial rank', xlim=(-0.5, len(ranks) - 0.5))
plt.show()
for kind, name in measures.items():
  last = found[kind][:, :, -1]
  gap = last[-1] - last[0]
  print(
      f'{name:26} rank {ranks[-1]} less rank {ranks[0]}: {gap.mean():6.3f} ±'
      f' {gap.std(ddof=1):.3f}, above 0 in {np.sum(gap > 0)} of {num_seeds}'
  )

# %% [markdown]
# ## The linear network: a closed form
#
# The theory is of $f(x) = w_2^\top W_1 x$ with whitened inputs and a teacher
# $\beta$, learning by gradient flow from small weights. The flow ends at one
# tangent kernel, whatever the start, so that KA follows from the start alone.
# In its mean over teachers of $d$ dimensions only the participation ratio
# $\mathrm{PR} = (\sum s^2)^2 / \sum s^4$ of $W_1$ remains, and
# $\alpha = |w_2|^2 / |W_1|^2$:
#
# $$\mathbb{E}\,\mathrm{KA} = \frac{1 + 1/d + \alpha (1 + d)}
# {\sqrt{d + 3}\,\sqrt{1/\mathrm{PR} + 2 \alpha + d \alpha^2}}.$$
#
# This form (`nmlib.analysis.linear_theory`) is nmlib's own derivation in the
# paper's setting, so it is held against simulated flow: dots, mean and standard
# deviation over teachers. Stars are the exception, rank 1 aligned with the
# teacher.


# %%
@functools.partial(jax.jit, static_argnums=1)
def simulate(key, rank, ratio):
  """Returns the participation ratio and KA after flow, of one teacher."""
  keys = jax.random.split(key, 3)
  unit = lambda x: x / jnp.linalg.norm(x)
  beta = unit(jax.random.normal(keys[0], (dimension,)))
  first = 1e-3 * unit(low_rank.low_rank(keys[1], dimension, rank))
  direction = unit(jax.random.normal(keys[2], (dimension,)))
  second = 1e-3 * jnp.sqrt(ratio) * direction
  alignment = linear_theory.alignment_after_flow(beta, first, second)
  return effective_rank.effective_rank(first, 'participation'), alignment


ratios = (0.0, 0.1, 1.0)


def draw_theory(axes, ratio, **look):
  """Draws the expected alignment against the participation ratio."""
  sizes = jnp.linspace(1, dimension, 100)
  axes.plot(
      sizes,
      linear_theory.expected_kernel_alignment(dimension, sizes, ratio),
      label=rf'$\alpha$ = {ratio:g}',
      **look,
  )
  axes.set(xlabel='participation ratio of $W_1$', ylim=(0, 1.03))
  axes.set_ylabel('mean tangent kernel alignment')


teachers = jax.random.split(jax.random.key(7), num_teachers)
many = jax.vmap(simulate, (0, None, None))
figure, axes = plt.subplots(figsize=(6, 3.4))
for i, ratio in enumerate(ratios):
  draw_theory(axes, ratio, color=f'C{i}')
  for rank in linear_ranks:
    participation, alignment = many(teachers, rank, ratio)
    axes.errorbar(
        participation.mean(), alignment.mean(), alignment.std(),
        fmt='o', ms=4, color=f'C{i}',
    )  # fmt: skip
  beta = jnp.eye(dimension)[0]
  u = jnp.eye(dimension)[-1]
  aligned = linear_theory.kernel_alignment(
      beta, jnp.outer(u, beta), jnp.sqrt(ratio) * u
  )
  axes.plot(1, aligned, '*', ms=11, color=f'C{i}')
axes.legend()
plt.show()

# %%
try:
  import ipywidgets
except ImportError:
  print('pip install ipywidgets for a slider over the curves above.')
else:

  def show_theory(ratio=0.3):
    _, axes = plt.subplots(figsize=(5, 3))
    draw_theory(axes, ratio)
    axes.legend()
    plt.show()

  ipywidgets.interact(show_theory, ratio=(0.0, 2.0, 0.05))

# %% [markdown]
# With $\alpha = 0$ a higher rank is much lazier; the more of the norm is in
# $w_2$, the smaller the effect. With balanced weights ($\alpha = 1$) the
# aligned start has KA = 1: it is as lazy as can be, at rank 1.
#
# ## What this shows, and what not
#
# - The order of ranks in both alignments, on one task of the paper's, in
#   networks of 100 units and a few seeds; `python -m launch.rich_lazy` has four
#   tasks and intervals, and its page says where the change of weights does not
#   follow.
# - Only the Frobenius norm is kept here. With the spectral norm kept the effect
#   is smaller (exercise 1): part of what a low rank does at equal Frobenius
#   norm is done by its large leading singular value.
# - Kernels are of $W_h$ alone, as in the authors' program, and of 8 trials, in
#   place of its 32. Of the paper we had figures' captions and no numbers, so
#   none are compared.
# - The closed form is of small starts; from large ones every rank is lazy.
#
# ## Exercises
#
# Each changes one line.
#
# 1. In `initialise`, add `match='spectral'` to `low_rank.low_rank(...)`. How
#    much of the difference between ranks is left?
# 2. Fill the null space: add `dense_part=0.1` there. Is a rank 1 with a tenth
#    dense rich or lazy?
# 3. Start larger: add `gain=2.5` there. What happens to the full rank?
# 4. Another task: `'2AF'` becomes `'DMS'` (match to sample) or `'CXT'`
#    (context). Check the accuracy before the alignments.
# 5. In `simulate`, `1e-3` of `first` and of `second` becomes `1.0`. Which dots
#    leave the curve?

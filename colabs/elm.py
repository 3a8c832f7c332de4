# %% [markdown]
# # ELM: the expressive leaky memory neuron
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/elm.ipynb)

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
# A single neuron of cortex, simulated with all of its dendrites, is a machine
# with memory: its answer depends on what came in during the last tens of
# milliseconds, in ways that are not linear. The ELM neuron imitates it by a few
# memory units that decay slowly, each at its own pace, and a small network (a
# multilayer perceptron, MLP) that decides, from the dendrite's branches and
# from what is remembered, what is written next. Its authors need some thousands
# of parameters for what took a convolutional network millions.
#
# With input $x$, synapses $w$, branches $b$, memory $m$ and output $y$:
#
# $$b_t = \kappa_b\, b_{t-1} + \sum_{s \in \text{branch}} w_s x_{s,t},$$
#
# $$\Delta m_t =
# \tanh \mathrm{MLP}\left([\,b_t \,;\, \kappa_m m_{t-1}\,]\right),
# \qquad m_t = \kappa_m m_{t-1} + \lambda (1 - \kappa_m)\, \Delta m_t,
# \qquad y_t = W_y m_t,$$
#
# where $\kappa = e^{-\Delta t / \tau}$ and the time constants $\tau_m$ of the
# memory units are spread evenly in their logarithm. These are the equations of
# section 2 of Spieler et al.
# ([arXiv 2306.16922](https://arxiv.org/abs/2306.16922), ICLR 2024), with the
# synapses' traces summed by branch, which changes nothing as they share a time
# constant. The authors' code scales the tanh to $1.7159 \tanh(2u/3)$, and its
# later version, used here, writes with $1 - \kappa_m^\lambda$ in place of
# $\lambda (1 - \kappa_m)$.

# %% tags=["parameters"]
num_times = 150  # ms; test: 30
num_memory = 10  # test: 3
tau_max = (2.0, 5.0, 15.0, 50.0, 150.0)  # ms, of the sweep; test: (5.0, 50.0)
num_units = 10  # of the LSTM; test: 3
num_seeds = 2
num_trials = 128  # to learn from; test: 4
num_test_trials = 32  # test: 8
trial_length = 600  # ms; test: 400
window = 300  # ms, of a training example; test: 20
ignore = 100  # ms at the start; test: 20
training_steps = 400  # test: 2
batch_size = 16  # test: 2
learning_rate = 5e-3

# %%
import functools

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib import train
from nmlib.analysis.spikes import prediction
from nmlib.data.recordings import simulated
from nmlib.networks import single_neuron
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm

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
# ## Memory of many time constants
#
# A neuron of one input gets a short burst of spikes. Its memory units are
# leaky: fast ones follow the branch, slow ones keep the burst for longer, and
# $\lambda$ says how much faster they are written than they decay. The MLP, here
# as it is drawn before training, also mixes them, so that what slow units keep
# comes back in fast ones. Shown is the difference to a neuron without input.


# %%
def draw_response(panels, slowest=100.0, speed=5.0, version=2):
  """Draws the branch and the memory units after a burst."""
  config = elm.version(
      version,
      num_inputs=1,
      num_outputs=1,
      num_memory=6,
      tau_max=slowest,
      input_speed=speed,
  )
  params = elm.init(jax.random.key(1), config)
  start = elm.initial_state(config)
  time = jnp.arange(num_times)
  burst = ((time >= 10) & (time < 20)).astype(float)[:, None]
  _, path = elm.trajectory(params, start, burst, config)
  _, rest = elm.trajectory(params, start, 0 * burst, config)
  branch, memory = panels
  branch.bar(time, burst[:, 0], width=1.0, color='lightgray', label='spikes')
  branch.plot(path.branch[:, 0] - rest.branch[:, 0], label='branch $b$')
  change = path.memory - rest.memory
  for m, tau in enumerate(elm.derive(params, config).tau):
    color = plt.get_cmap('viridis')(m / 6)
    memory.plot(change[:, m], color=color, label=f'$\\tau$ = {tau:.3g} ms')
  title = f'$\\lambda$ = {speed:g}, $\\tau$ to {slowest:g} ms'
  branch.set(title=title, ylim=(0, 4))
  memory.set(xlabel='ms')


settings = ({}, {'speed': 1.0}, {'slowest': 500.0})
figure, grid = plt.subplots(
    2, 3, figsize=(11, 4), sharex=True, sharey='row', height_ratios=(1, 1.8)
)
for column, setting in enumerate(settings):
  draw_response(grid[:, column], **setting)
  grid[1, column].legend(fontsize=7)
grid[0, 0].legend(fontsize=8)
grid[1, 0].set(ylabel='memory $m$', ylim=(-0.3, 0.95))
plt.show()

# %%
try:
  import ipywidgets
except ImportError:
  print('pip install ipywidgets for sliders; the figure above is what they do.')
else:

  def show_response(slowest=100.0, speed=5.0, version=2):
    _, panels = plt.subplots(
        2, 1, figsize=(6, 4), sharex=True, height_ratios=(1, 1.8)
    )
    draw_response(panels, slowest, speed, version)
    plt.show()

  ipywidgets.interact(
      show_response,
      slowest=(5.0, 500.0, 5.0),
      speed=(0.5, 10.0, 0.5),
      version=[1, 2],
  )

# %% [markdown]
# ## Branches
#
# A neuron of 1,278 synapses would need as many columns of weights in its MLP.
# The *Branch-ELM* sums neighbouring synapses first, excitatory and inhibitory
# ones in turn, on branches that overlap. Left, a small case: which input
# reaches which branch. Right, the parameters of the authors' neuron of 45
# branches of 100 synapses, and of the same one without branches.

# %%
source, mask = elm.routing.neuronio(24, 4, 8)
matrix = elm.routing.as_matrix(
    jnp.asarray(mask, float), jnp.asarray(source), 24, 4
)
memories = np.array([1, 3, 10, 20, 50, 100])
branched = [
    elm.num_params(elm.on_neuronio(1, num_inputs=1278, num_memory=int(m)))
    for m in memories
]
plain = [
    elm.num_params(
        elm.version(1, num_inputs=1278, num_outputs=2, num_memory=int(m))
    )
    for m in memories
]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 2.8))
left.imshow(matrix, cmap='Greys', aspect='auto')
left.axvline(11.5, color='C3')
left.set(
    xlabel='input (left of the line: excitatory)',
    ylabel='branch',
    yticks=range(4),
)
right.loglog(memories, plain, 's-', color='C1', label='without branches')
right.loglog(memories, branched, 'o-', color='C0', label='45 branches')
right.set(xlabel='memory units', ylabel='parameters')
right.legend()
plt.show()
for count, size in zip(memories, branched, strict=True):
  print(f'{count:3d} memory units, 45 branches: {size:6d} parameters')

# %% [markdown]
# ## A neuron to imitate
#
# In the paper the teacher is a model of a pyramidal cell with 639 segments; its
# recordings take 115 GB. Here it is a neuron of 25 compartments that is
# simulated on the spot: a soma with Hodgkin-Huxley channels and eight
# dendrites, whose strong NMDA receptors make them nonlinear. Excitatory inputs
# of a branch change their rate together. The voltage is cut at -55 mV, where
# spikes begin.

# %%
TEACHER = simulated.Cable()
SCALE = 5.0  # mV: what the students learn is V / SCALE

teacher = simulated.init(jax.random.key(1234), TEACHER)
lessons = simulated.record(99, teacher, num_trials, trial_length, TEACHER)
exam = simulated.record(4321, teacher, num_test_trials, trial_length, TEACHER)

figure, (above, below) = plt.subplots(
    2, 1, figsize=(9, 4), sharex=True, height_ratios=(1.3, 1)
)
for sign, color, label in ((1, 'C3', 'excitatory'), (-1, 'C0', 'inhibitory')):
  times, synapses = np.nonzero(exam.inputs[0] == sign)
  above.plot(times, synapses, '.', color=color, ms=2, label=label)
above.set(ylabel='synapse (16 a branch)', ylim=(-2, 165))
above.legend(loc='upper right', fontsize=8, ncols=2)
below.plot(exam.voltage[0], color='black', lw=1, label='voltage')
spikes = np.flatnonzero(exam.spikes[0])
below.plot(spikes, np.full(len(spikes), 15.0), '|', color='C3', label='spikes')
below.set(xlabel='ms', ylabel='mV above rest')
plt.show()

# %% [markdown]
# ## Students: how slow must memory be?
#
# ELM neurons with as many branches as the teacher, whose slowest memory unit
# decays in 2 to 150 ms, and an LSTM that has seven times the parameters. All
# learn the spike's logit and the voltage. Time constants are parameters that
# are not learned, so the whole sweep, times the seeds, is one compiled program.

# %%
ELM = elm.version(
    2,
    num_inputs=TEACHER.num_inputs,
    num_outputs=2,
    num_memory=num_memory,
    num_branches=TEACHER.num_branches,
    synapses_per_branch=TEACHER.excitatory + TEACHER.inhibitory,
    tau_max=max(tau_max),
)
LSTM = lstm.Config(TEACHER.num_inputs, num_units, 2)
recordings = jax.tree.map(jnp.asarray, lessons)


def with_slowest(params, slowest):
  """Returns ELM's params with time constants from 1 ms to `slowest`."""
  low, high = ELM.tau_bounds
  tau = jnp.exp(jnp.linspace(0, jnp.log(slowest), num_memory))
  share = jnp.clip((tau - low) / (high - low), 1e-7, 1 - 1e-7)
  return params._replace(tau_logit=jnp.log(share / (1 - share)))


def lesson(key):
  """Draws a window of the teacher's recordings."""
  part = simulated.window(key, recordings, window, ignore)
  return part._replace(voltage=part.voltage / SCALE)._asdict()


def fit(params, key, network):
  """Trains one network of given parameters; returns them, and losses."""
  rate = optax.cosine_decay_schedule(learning_rate, training_steps)
  optimizer = train.clipped(optax.adam(rate), 1.0)
  loss = lambda params, row, _: (single_neuron.loss(params, row, network), {})
  step = train.gradient_step(loss, optimizer)
  fresh = train.fresh(lesson, batch_size)
  state = train.TrainState(jnp.int32(0), params, optimizer.init(params), key)
  update = lambda state, t: step(state, fresh(key, t))
  state, found = jax.lax.scan(update, state, jnp.arange(training_steps))
  return state.params, found['loss']


def fit_elm(slowest, key):
  """Trains an ELM neuron whose slowest memory unit is given."""
  params = single_neuron.init(key, (elm, ELM), spike_bias=-4.0)
  return fit(with_slowest(params, slowest), key, (elm, ELM))


def fit_lstm(key):
  """Trains an LSTM."""
  params = single_neuron.init(key, (lstm, LSTM), spike_bias=-4.0)
  return fit(params, key, (lstm, LSTM))


keys = jax.vmap(jax.random.key)(jnp.arange(num_seeds))
of_seeds = jax.vmap(fit_elm, in_axes=(None, 0))
elm_params, elm_losses = jax.jit(jax.vmap(of_seeds, in_axes=(0, None)))(
    jnp.array(tau_max), keys
)
lstm_params, lstm_losses = jax.jit(jax.vmap(fit_lstm))(keys)


# %%
def predict(params, network):
  """Returns logits and voltages [S, N, T, 2] of the test trials."""
  inputs = jnp.asarray(exam.inputs)
  one = functools.partial(single_neuron.predict, network=network)
  return np.asarray(jax.jit(jax.vmap(one, (0, None)))(params, inputs))


def measure(outputs):
  """Returns explained variance of V, and area under the ROC of spikes [S]."""
  found = prediction.metrics_of_seeds(
      np.asarray(exam.spikes), outputs[..., 0],
      np.asarray(exam.voltage), SCALE * outputs[..., 1],
      false_rates=(), ignore=ignore, max_spikes=None,
  )  # fmt: skip
  return found['soma_explained_variance_percent'] / 100, found['AUC']


elm_outputs = [
    predict(jax.tree.map(lambda leaf, i=i: leaf[i], elm_params), (elm, ELM))
    for i in range(len(tau_max))
]
elm_scores = np.array([measure(out) for out in elm_outputs])  # [tau, 2, S]
lstm_scores = np.array(measure(predict(lstm_params, (lstm, LSTM))))
sizes = elm.num_params(ELM), lstm.num_params(LSTM)

figure, panels = plt.subplots(1, 2, figsize=(9, 3.2))
titles = 'explained variance of the voltage', 'area under the ROC of spikes'
for i, (axes, title) in enumerate(zip(panels, titles, strict=True)):
  values = elm_scores[:, i]
  axes.plot(tau_max, values, 'o', color='C0', alpha=0.5)
  axes.plot(
      tau_max, values.mean(1), color='C0', label=f'ELM, {sizes[0]} parameters'
  )
  axes.axhline(
      lstm_scores[i].mean(), color='C1', ls='--',
      label=f'LSTM, {sizes[1]} parameters',
  )  # fmt: skip
  axes.set(xscale='log', xlabel='slowest memory unit (ms)', title=title)
  axes.set_xticks(tau_max, [f'{tau:g}' for tau in tau_max])
  axes.minorticks_off()
panels[0].legend(loc='lower right')
plt.show()

print('explained variance, area under the ROC: means of seeds')
for tau, values in zip(tau_max, elm_scores, strict=True):
  print(f'ELM to {tau:5g} ms  {values[0].mean():.3f}  {values[1].mean():.3f}')
print(
    f'LSTM             {lstm_scores[0].mean():.3f}  {lstm_scores[1].mean():.3f}'
)

# %% [markdown]
# The LSTM learns more slowly. After 1,200 steps, three times as many,
# `python -m launch.elm` has it at an explained variance of 0.929, ELM at 0.947
# (means of three seeds).
#
# ## What the memory units do
#
# A test trial: the neuron, the fastest and the slowest student of seed 0, and
# below the memory units of the slowest student, each over its own range.

# %%
params = jax.tree.map(lambda leaf: leaf[-1, 0], elm_params)
inputs = jnp.asarray(exam.inputs[0], jnp.float32)
_, path = elm.trajectory(params, elm.initial_state(ELM), inputs, ELM)
spread = path.memory - path.memory.min(0)
spread = spread / jnp.maximum(spread.max(0), 1e-6)
taus = elm.derive(params, ELM).tau

figure, (above, below) = plt.subplots(
    2, 1, figsize=(9, 4.4), sharex=True, height_ratios=(1.2, 1)
)
above.plot(exam.voltage[0], color='black', lw=1.2, label='neuron')
for i, color in ((0, 'C1'), (len(tau_max) - 1, 'C0')):
  above.plot(
      SCALE * elm_outputs[i][0, 0, :, 1], color=color, lw=1,
      label=f'ELM to {tau_max[i]:g} ms',
  )  # fmt: skip
above.set(ylabel='mV above rest', ylim=(None, 22))
above.legend(loc='upper right', fontsize=8, ncols=3)
below.imshow(spread.T, aspect='auto', cmap='viridis', interpolation='nearest')
below.set_yticks(range(num_memory), [f'{tau:.3g}' for tau in taus], size=7)
below.set(xlabel='ms', ylabel='$\\tau$ of the unit (ms)')
plt.show()

# %% [markdown]
# ## Exercises
#
# Each changes one line.
#
# 1. `num_memory = 1` or `3`: the paper needs ten or more for its pyramidal
#    cell. How many does this neuron need?
# 2. Add `num_layers=0` to `ELM`: no hidden layer, a linear dendrite. How much
#    of the variance was nonlinear?
# 3. Add `input_speed=1.0` to `ELM`: slow units are now also written slowly.
# 4. `TEACHER = simulated.Cable(nmda=0.3)`: weak NMDA receptors, nearly linear
#    dendrites. Repeat exercise 2.
# 5. `TEACHER = simulated.Pyramidal()`: a neuron without compartments
#    (`nmlib.neurons.biophysical.pyramidal`), which adapts for 120 ms and is
#    harder to predict.
#
# `python -m launch.elm` compares nine students over three seeds, and reads the
# original recordings if you have them; `launch.elm.shd_adding` and
# `launch.elm.lra` are the paper's other tasks.

"""ELM, the Expressive Leaky Memory neuron, learns what a neuron computes.

Spieler, Rahaman, Martius, Schoelkopf, Levina (arXiv 2306.16922, ICLR 2024)
fit one recurrent neuron with a few slowly decaying memory units and a small
MLP to the input and output of a simulated cortical neuron. They find that 10
to 20 memory units, slow ones among them, and a nonlinear integration are
needed.

  python -m launch.elm_neuronio                  # small: minutes on 2 cores
  python -m launch.elm_neuronio --preset=paper   # the sizes of the paper

The teacher is simulated here: a neuron of 25 compartments with Hodgkin-Huxley
channels and AMPA, NMDA and GABA synapses (`nmlib.data.cable_neuron`), or, with
--config.simulator=pyramidal, a reduced one. Neither is the detailed cell of
NeuronIO, so figures of the paper do not compare: its orderings do. They depend
on the teacher: its NMDA receptors are strong, so that dendrites are nonlinear;
with weak ones, --config.biophysics.nmda=0.3 --config.biophysics.ampa=0.2
--config.biophysics.gaba=0.6 --config.biophysics.rate=0.012
--config.biophysics.rate_spread=0.9, a hidden layer adds nothing. Seeds train
together; each variant is a stage of its own. The same command again resumes;
--config.cache=FOLDER keeps the recordings for other runs.

  python -m launch.elm_neuronio --preset=paper --config.neuronio=FOLDER

trains on the authors' files, in train/ and test/ of a folder, instead.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import elm_neuronio_files
from launch import elm_neuronio_report
from nmlib import train
from nmlib.analysis.spikes import prediction as spike_prediction
from nmlib.data import cable_neuron
from nmlib.data import cache
from nmlib.data import pyramidal
from nmlib.networks import temporal_convolution
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm

_SCALE = 5.0  # mV; the voltage head learns V / _SCALE
VARIANTS = {
    'd_m 10': {},
    'd_m 3': {'num_memory': 3},
    'd_m 1': {'num_memory': 1, 'tau_min': 25.0},
    'd_m 10, tau 1-5': {'tau_max': 5.0},
    'd_m 10, linear': {'num_layers': 0},
    'd_m 10, lambda 1': {'input_speed': 1.0},
}
_LSTM = {'lstm': 0.0, 'chrono lstm': 150.0}  # longest span, ms
BASELINES = (*_LSTM, 'tcn')
SIMULATORS = {
    'cable': 'neuron of compartments with Hodgkin-Huxley channels',
    'pyramidal': 'reduced pyramidal neuron',
}
METRICS = ('explained_variance', 'auc', 'rmse')


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in ms. Fresh recordings are simulated at every step."""

  # Claims need both of a pair.
  variants: tuple[str, ...] = (*VARIANTS, *BASELINES)
  neuronio: str = ''  # folder with NeuronIO's files in train/ and test/
  files: elm_neuronio_files.Config = elm_neuronio_files.Config()
  simulator: str = 'cable'
  cache: str = ''  # folder of the recordings of 'cable'; '': in the workdir
  train_trials: int = 512  # of 'cable'; 'pyramidal' draws fresh ones
  train_length: int = 700  # ms, of which windows are drawn
  num_units: int = 10  # of LSTM
  tcn_channels: tuple[int, ...] = (10,) * 6  # of each layer; sees 127 ms
  num_seeds: int = 3
  num_steps: int = 1200
  batch_size: int = 16
  length: int = 300  # of a training recording
  learning_rate: float = 5e-3
  clip: float = 1.0  # of the gradient's global norm
  spike_bias: float = -4.0  # of the spike head at the start
  test_trials: int = 64
  test_length: int = 600
  ignore: int = 100  # start of a test recording that does not count
  version: int = 2
  num_memory: int = 10
  tau_min: float = 1.0
  tau_max: float = 150.0
  checkpoint_every: int = 400
  log_every: int = 20
  steps_per_call: int = 20
  teacher: pyramidal.Config = pyramidal.Config()
  biophysics: cable_neuron.Config = cable_neuron.Config()

  def __post_init__(self):
    known = (*VARIANTS, *BASELINES)
    if not self.variants or set(self.variants) - set(known):
      raise ValueError(
          f'config.variants must be some of {known}, got {self.variants}.'
      )
    if self.simulator not in SIMULATORS:
      raise ValueError(
          f'config.simulator must be one of {tuple(SIMULATORS)}, got'
          f' {self.simulator!r}.'
      )
    if self.train_length < self.length + self.ignore:
      raise ValueError(
          'config.train_length must be at least length + ignore ='
          f' {self.length + self.ignore}, got {self.train_length}.'
      )
    if self.version not in (1, 2):
      raise ValueError(f'config.version must be 1 or 2, got {self.version}.')
    if not 0 <= self.ignore < self.test_length:
      raise ValueError(
          f'config.ignore must be in [0, test_length={self.test_length}), got'
          f' {self.ignore}.'
      )

  @property
  def neuron(self) -> cable_neuron.Config | pyramidal.Config:
    """The one that is simulated."""
    return self.biophysics if self.simulator == 'cable' else self.teacher


PRESETS = {
    'small': Config(),
    'smoke': Config(
        variants=('d_m 10', 'd_m 3'),
        num_seeds=2,
        num_steps=4,
        batch_size=2,
        length=40,
        test_trials=8,
        test_length=300,
        ignore=20,
        train_trials=4,
        train_length=60,
        checkpoint_every=0,
        log_every=2,
        steps_per_call=2,
    ),
    'paper': Config(
        num_steps=350_000,
        batch_size=8,
        length=500,
        learning_rate=5e-4,
        num_memory=20,
        checkpoint_every=10_000,
        log_every=100,
    ),
}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every variant, and sets the orderings beside the paper's."""
  if config.neuronio:
    return elm_neuronio_files.experiment(config, run)
  strength, simulate = simulator(config)
  test = run.result(
      'test',
      lambda: recordings(
          simulate, 4321, config.test_trials, config.test_length
      )._asdict(),
  )
  source = training_source(run, simulate, config)
  found = {}
  for name in config.variants:
    run.say(f'variant {name}')
    stage = name.replace(', ', '_').replace(' ', '_')
    student = student_of(name, config)
    fitted = train.fit(
        run,
        stage,
        train.Schedule(
            config.num_steps,
            batch_size=config.batch_size,
            steps_per_call=config.steps_per_call,
            log_every=config.log_every,
            checkpoint_every=config.checkpoint_every,
        ),
        seeds=tuple(range(config.num_seeds)),
        **definition(source, student, config),
    )
    found[name] = run.result(
        f'test_{stage}',
        functools.partial(measure, fitted.state.params, test, student, config),
    )
  sizes = {
      name: module.num_params(sizes)
      for name in config.variants
      for module, sizes in (student_of(name, config),)
  }
  return elm_neuronio_report.report(
      config, test, found, sizes, SIMULATORS[config.simulator], _SCALE
  )


def simulator(config: Config):
  """Returns the teacher's synapses, and (key, length) -> Recording."""
  module = cable_neuron if config.simulator == 'cable' else pyramidal
  neuron: Any = config.neuron
  strength = module.strengths(jax.random.key(1234), neuron)
  return strength, lambda key, length: module.simulate(
      key, strength, length, neuron
  )


def training_source(run: train.Run, simulate, config: Config):
  """Returns key -> Recording of config.length ms, fresh or from a store."""
  if config.simulator == 'pyramidal':
    return lambda key: simulate(key, config.length)
  make = lambda: {
      name: value.astype(np.int8) if name == 'inputs' else value
      for name, value in recordings(
          simulate, 99, config.train_trials, config.train_length
      )
      ._asdict()
      .items()
  }
  if config.cache:
    stored = cache.load_or_make(
        config.cache,
        dataclasses.asdict(config.biophysics)
        | {'trials': config.train_trials, 'length': config.train_length},
        make,
    )
  else:
    stored = run.result('train_recordings', make)
  whole = pyramidal.Recording(**jax.tree.map(jnp.asarray, stored))
  latest = config.train_length - config.length + 1

  def draw(key):
    which, when = jax.random.split(key)
    trial = jax.random.randint(which, (), 0, config.train_trials)
    start = jax.random.randint(when, (), config.ignore, latest)
    window = lambda leaf: jax.lax.dynamic_slice_in_dim(
        leaf[trial], start, config.length
    ).astype(jnp.float32)
    return jax.tree.map(window, whole)

  return draw


def student_of(name: str, config: Config) -> tuple[Any, Any]:
  """Returns (module, config) of a variant or baseline."""
  inputs = config.neuron.num_inputs
  if name in _LSTM:
    return lstm, lstm.Config(inputs, config.num_units, 2, chrono=_LSTM[name])
  if name == 'tcn':
    return temporal_convolution, temporal_convolution.Config(
        inputs, config.tcn_channels, 2
    )
  return elm, student_config(name, config)


def student_config(name: str, config: Config) -> elm.Config:
  """Returns the neuron of a variant: a branch for each of the teacher's."""
  fields = {
      'num_memory': config.num_memory,
      'tau_min': config.tau_min,
      'tau_max': config.tau_max,
      **VARIANTS[name],
  }
  teacher = config.neuron
  return elm.version(
      config.version,
      num_inputs=teacher.num_inputs,
      num_outputs=2,
      num_branches=teacher.num_branches,
      synapses_per_branch=teacher.excitatory + teacher.inhibitory,
      **fields,
  )


def definition(
    source: Any, student: tuple[Any, Any], config: Config
) -> dict[str, Any]:
  """Returns what defines the training of one seed, for `train.fit`."""
  module, sizes = student
  optimizer = optax.chain(
      optax.clip_by_global_norm(config.clip),
      optax.adam(
          optax.cosine_decay_schedule(config.learning_rate, config.num_steps)
      ),
  )

  def init(key):
    params = module.init(key, sizes)
    if module is lstm:
      bias = params.readout_bias.at[0].set(config.spike_bias)
      return params._replace(readout_bias=bias)
    bias = params.readout.bias.at[0].set(config.spike_bias)
    return params._replace(readout=params.readout._replace(bias=bias))

  update = train.gradient_step(
      lambda params, recording, key: (loss(params, recording, student), {}),
      optimizer,
  )

  def step(state, unused_batch):
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), 1)
    return update(
        state,
        jax.vmap(source)(jax.random.split(key, config.batch_size)),
    )

  return {'init': train.initializer(init, optimizer), 'step': step}


def loss(
    params: Any, recording: pyramidal.Recording, student: tuple[Any, Any]
) -> jax.Array:
  """Half the spikes' cross-entropy and half the voltage's squared error."""
  out = predict(params, recording.inputs, student)
  spikes = optax.sigmoid_binary_cross_entropy(out[:, 0], recording.spikes)
  error = out[:, 1] - recording.voltage / _SCALE
  return 0.5 * jnp.mean(spikes) + 0.5 * jnp.mean(error**2)


def predict(
    params: Any, inputs: jax.Array, student: tuple[Any, Any]
) -> jax.Array:
  """Returns the spike's logit and V / _SCALE, [T, 2]."""
  module, sizes = student
  return module.unroll(params, module.initial_state(sizes), inputs, sizes)[1]


def recordings(
    simulate: Any, seed: int, trials: int, length: int
) -> pyramidal.Recording:
  """Simulates trials, as NumPy arrays; other seeds are other trials."""
  keys = jax.random.split(jax.random.key(seed), trials)
  one = lambda key: simulate(key, length)
  many = lambda keys: jax.lax.map(one, keys, batch_size=min(64, trials))
  return jax.tree.map(np.asarray, jax.jit(many)(keys))


def measure(
    params: Any,
    test: dict[str, np.ndarray],
    student: tuple[Any, Any],
    config: Config,
) -> dict[str, np.ndarray]:
  """Returns test metrics of every seed [S], and its first prediction [T, 2]."""
  one = lambda p, x: predict(p, x, student)
  over_trials = jax.vmap(one, in_axes=(None, 0))
  outputs = jax.jit(jax.vmap(over_trials, in_axes=(0, None)))(
      params, jnp.asarray(test['inputs'])
  )
  outputs = np.asarray(outputs)[:, :, config.ignore :]
  spikes, voltage = (
      test[name][:, config.ignore :] for name in ('spikes', 'voltage')
  )
  rows = []
  for out in outputs:
    error = voltage - _SCALE * out[..., 1]
    rows.append(
        (
            spike_prediction.explained_variance(voltage, _SCALE * out[..., 1]),
            spike_prediction.area(spikes, out[..., 0]),
            np.sqrt(np.mean(error**2)),
        )
    )
  values = np.array(rows).T
  return dict(zip(METRICS, values, strict=True)) | {'example': outputs[0, 0]}


if __name__ == '__main__':
  train.launch(experiment, PRESETS, name='elm_neuronio')

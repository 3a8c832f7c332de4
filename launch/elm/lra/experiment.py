"""ELM on tasks of the Long Range Arena, beside LSTMs.

Spieler, Rahaman, Martius, Schoelkopf, Levina (arXiv 2306.16922, ICLR 2024)
find that one ELM neuron with more memory units holds its own on long
sequences, where LSTMs do not.

  python -m launch.elm_lra                         # small: minutes on 2 cores
  python -m launch.elm_lra --preset=paper          # full lengths
  python -m launch.elm_lra --config.tasks=text --config.path=reviews

ListOps and Pathfinder are generated; images and text come by TFDS, or from
`train` and `test` files in --config.path (.npz of images and labels; .tsv of
label and text; .tsv of Source and Target for ListOps; the published pairs of
papers for retrieval, which come from files only). Every task has an
embedding or projection before the neuron, as its authors advise. Seeds train
together; a model is a stage.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import elm_figures
from launch import elm_lra_tasks
from nmlib import train
from nmlib.data.tasks import listops
from nmlib.data.tasks import pathfinder
from nmlib.networks import sequence_classifier
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm

TASKS = ('listops', 'pathfinder', 'image', 'text', 'retrieval')
MODELS = ('elm', 'elm, short tau', 'lstm', 'chrono lstm')
# Accuracies of ELM as other work cites them; their average does not add up.
_CITED = {
    'listops': 44.55,
    'text': 75.40,
    'image': 49.62,
    'pathfinder': 71.15,
    'retrieval': 84.93,
}


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in steps."""

  tasks: tuple[str, ...] = ('listops', 'pathfinder')
  models: tuple[str, ...] = MODELS
  path: str = ''  # folder of train and test files
  num_seeds: int = 3
  num_steps: int = 1500
  batch_size: int = 32
  learning_rate: float = 3e-3
  clip: float = 1.0  # of the gradient's global norm
  train_rows: int = 20_000  # generated
  test_rows: int = 1000
  width: int = 32  # of the embedding, and of a layer's output
  num_memory: int = 64  # of ELM
  num_units: int = 64  # of LSTM
  num_layers: int = 1
  short_tau: float = 3.0  # longest time constant of the ablation
  pixels_a_step: int = 16  # of images; 1 in the arena
  text_length: int = 4000  # bytes
  chunk_size: int = 0  # steps computed again in the backward pass; 0: none
  log_every: int = 50
  steps_per_call: int = 50
  checkpoint_every: int = 500
  expressions: listops.Config = listops.Config(3, 4, 4, 40, 0.6)
  scenes: pathfinder.Config = pathfinder.Config(
      size=16, dashes=3, dash=2, distractors=0, distance=2.0
  )

  def __post_init__(self):
    for field, known in (('tasks', TASKS), ('models', MODELS)):
      chosen = getattr(self, field)
      if not chosen or set(chosen) - set(known):
        raise ValueError(
            f'config.{field} must be some of {known}, got {chosen}.'
        )
    if self.path and len(self.tasks) > 1:
      raise ValueError(
          'config.path holds files of one task, but config.tasks names'
          f' {self.tasks}.'
      )
    for field in ('num_layers', 'pixels_a_step', 'train_rows', 'test_rows'):
      if getattr(self, field) < 1:
        raise ValueError(
            f'config.{field} must be at least 1, got {getattr(self, field)}.'
        )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        models=('elm', 'lstm'),
        num_seeds=2,
        num_steps=4,
        batch_size=4,
        train_rows=20,
        test_rows=8,
        width=6,
        num_memory=4,
        num_units=4,
        log_every=2,
        steps_per_call=2,
        checkpoint_every=0,
    ),
    'paper': Config(
        tasks=('listops', 'pathfinder', 'image', 'text'),
        num_steps=50_000,
        train_rows=96_000,
        test_rows=2000,
        width=128,
        num_memory=200,
        num_units=200,
        pixels_a_step=1,
        chunk_size=64,
        checkpoint_every=1000,
        expressions=listops.Config(),
        scenes=pathfinder.Config(),
    ),
}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every model on every task."""
  accuracy, majority, counts = {}, {}, {}
  for name in config.tasks:
    make = functools.partial(elm_lra_tasks.load, name, config)
    stored = run.result(
        f'data_{name}', lambda make=make: elm_lra_tasks.as_dict(make())
    )
    task = elm_lra_tasks.from_dict(stored)
    majority[name] = float(np.bincount(task.test.labels).max()) / len(
        task.test.labels
    )
    for model in config.models:
      run.say(f'task {name}, model {model}')
      accuracy[name, model] = _train(run, name, model, task, config)
      shapes = jax.eval_shape(
          functools.partial(
              sequence_classifier.init,
              config=model_config(model, task, config),
          ),
          jax.random.key(0),
      )
      # What ELM keeps fixed (routing) is no parameter.
      counts[name, model] = sum(
          leaf.size
          for path, leaf in jax.tree_util.tree_leaves_with_path(shapes)
          if '.fixed' not in jax.tree_util.keystr(path)
      )
  return _report(config, accuracy, majority, counts)


def model_config(
    model: str, task: elm_lra_tasks.Task, config: Config
) -> sequence_classifier.Config:
  """Returns the classifier of a model's name."""
  pair = bool(task.num_tokens) and task.train.inputs.ndim == 3
  steps = task.train.inputs.shape[2 if pair else 1]
  layer: tuple[Any, Any]
  if model.startswith('elm'):
    tau_max = config.short_tau if 'short' in model else float(max(steps, 10))
    layer = elm, elm.version(
        2,
        num_inputs=config.width,
        num_outputs=config.width,
        num_memory=config.num_memory,
        tau_max=tau_max,
    )
  else:
    layer = lstm, lstm.Config(
        config.width,
        config.num_units,
        config.width,
        chrono=float(max(steps, 3)) if 'chrono' in model else 0.0,
    )
  return sequence_classifier.Config(
      task.num_classes,
      (layer,) * config.num_layers,
      num_tokens=task.num_tokens,
      num_features=1 if task.num_tokens else task.train.inputs.shape[2],
      width=config.width,
      pool='last' if task.num_tokens else 'mean',
      pair=pair,
  )


def _train(
    run, name, model, task: elm_lra_tasks.Task, config: Config
) -> np.ndarray:
  """Returns test accuracies [S]."""
  network = model_config(model, task, config)
  chunk = config.chunk_size or None
  optimizer = optax.chain(
      optax.clip_by_global_norm(config.clip),
      optax.adam(
          optax.cosine_decay_schedule(config.learning_rate, config.num_steps)
      ),
  )

  def logits(params, inputs, length):
    return sequence_classifier.apply(
        params, inputs, network, length=length, chunk_size=chunk
    )

  def loss(params, row, key):
    del key
    found = logits(params, row[0], row[1])
    right = jnp.argmax(found) == row[2]
    value = optax.softmax_cross_entropy_with_integer_labels(found, row[2])
    return value, {'accuracy': right.astype(float)}

  update = train.gradient_step(loss, optimizer)
  rows = jax.tree.map(jnp.asarray, tuple(task.train))

  def step(state, unused_batch):
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), 1)
    index = jax.random.randint(key, (config.batch_size,), 0, rows[2].shape[0])
    return update(state, jax.tree.map(lambda leaf: leaf[index], rows))

  stage = f'{name}_{model}'.replace(', ', '_').replace(' ', '_')
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
      init=train.initializer(
          lambda key: sequence_classifier.init(key, network), optimizer
      ),
      step=step,
  )

  def accuracy():
    test = jax.tree.map(jnp.asarray, tuple(task.test))

    @jax.jit
    def of_seed(params):
      right = jax.lax.map(
          lambda row: jnp.argmax(logits(params, row[0], row[1])) == row[2],
          test,
          batch_size=min(64, len(task.test.labels)),
      )
      return jnp.mean(right.astype(float))

    return {'accuracy': np.asarray(jax.lax.map(of_seed, fitted.state.params))}

  return run.result(f'test_{stage}', accuracy)['accuracy']


def _report(config: Config, accuracy, majority, sizes) -> train.Report:
  claims = []
  for name in config.tasks:
    ours = {m: accuracy[name, m] for m in config.models}
    if 'elm' in ours:
      claims.append(
          train.Claim(
              f'{name}: ELM learns from the sequence: accuracy above the most'
              f' frequent class ({majority[name]:.3f}) by 0.1, every seed',
              'table of the Long Range Arena',
              f'{_CITED[name]:.1f} % on the full task, as cited elsewhere',
              {'elm': ours['elm']},
              bool(np.all(ours['elm'] > majority[name] + 0.1)),
          )
      )
    for other in ('elm, short tau', 'lstm', 'chrono lstm'):
      if 'elm' in ours and other in ours:
        claims.append(
            train.Claim(
                f'{name}: ELM above {other}, mean of seeds',
                'table of the Long Range Arena',
                '',
                {m: ours[m] for m in ('elm', other)},
                bool(ours['elm'].mean() > ours[other].mean()),
            )
        )
  about = {
      'listops': f'{config.expressions.min_length + 1} to'
      f' {config.expressions.max_length - 1} tokens, depth'
      f' {config.expressions.max_depth} (500 to 2000, 10 in the arena)',
      'pathfinder': f'{config.scenes.size} x {config.scenes.size}'
      f' pixels, {config.pixels_a_step} a step (32 x 32, one in the arena)',
  }
  return train.Report(
      claims=claims,
      data={n: about.get(n, config.path or 'by TFDS') for n in config.tasks},
      differences=[
          f'{config.num_steps} steps of {config.batch_size} sequences.',
          'The authors published no code for these tasks: the front end, the'
          ' pooling and all hyperparameters are ours.',
      ],
      figures={
          'accuracy': elm_figures.accuracies(
              {
                  name: {m: accuracy[name, m] for m in config.models}
                  for name in config.tasks
              },
              majority,
          )
      },
      notes={
          'Accuracy': '\n'.join(
              f'{name}, {model}: {train.summary(values)},'
              f' {sizes[name, model]} parameters'
              for (name, model), values in accuracy.items()
          )
      },
  )


if __name__ == '__main__':
  train.launch(experiment, PRESETS, name='elm_lra')

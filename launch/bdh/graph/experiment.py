"""The experiment of `launch.bdh.graph`: train or read, then look inside."""

import dataclasses
import json

from etils import epath
import jax
import jax.numpy as jnp
import numpy as np

from launch.bdh import config as bdh_config
from launch.bdh import experiment as bdh_experiment
from launch.bdh.graph import measure
from launch.bdh.graph import report
from launch.bdh.graph.config import Config
from nmlib import train
from nmlib.analysis import monosemantic
from nmlib.analysis import traces
from nmlib.data.text import corpus
from nmlib.data.text import crops
from nmlib.data.text import templates
from nmlib.neurons import bdh
from nmlib.train import options


def experiment(config: Config, run: train.Run) -> train.Report:
  """Measures every trained seed, one after the other."""
  training, source = config.training, run
  if config.trained:
    training = stored_config(config.trained)
    source = dataclasses.replace(run, workdir=epath.Path(config.trained))
  else:  # what it reports is left to launch.bdh
    bdh_experiment.experiment(training, run)
  step, state = train.restore(source, bdh_experiment.stage(training))
  params, model = train.to_host(state.params), training.model
  each = [
      (jax.random.key(s), jax.tree.map(lambda leaf, s=s: leaf[s], params))
      for s in range(training.num_seeds)
  ]
  run.say(f'step {step}: graphs of {len(each)} seeds')
  graphs = run.result('graphs', lambda: _stacked([
      _stacked([
          measure.head_graph(config, one, head, jax.random.fold_in(key, head))
          for head in range(model.num_heads)
      ])
      for key, one in each
  ]))  # fmt: skip
  told = templates.sentences(config.templates, config.members, config.others)
  run.say(f'synapses on {len(told.tokens)} sentences')
  found = run.result('synapses', lambda: _stacked([
      monosemantic.find(key, one, *told, model, config.candidates)._asdict()
      for key, one in each
  ]))  # fmt: skip
  text = example(config)
  tokens, traced = jnp.array(list(text.encode())), []
  for (_, one), (layer, *ends) in zip(
      each, found['place'].tolist(), strict=True
  ):
    head, *pair = ends
    rows, columns = (np.array([[head, neuron]]) for neuron in pair)
    traced.append(traces.trace(one, tokens, model, layer, rows, columns)[:, 0])
  return report.make(
      config, training, active(training, params), graphs, found,
      (text, np.array(traced)),
  )  # fmt: skip


def stored_config(workdir: str) -> bdh_config.Config:
  """Returns the config of a run of `launch.bdh`, or refuses the folder."""
  path = epath.Path(workdir) / 'config.json'
  stored = json.loads(path.read_text()) if path.exists() else {}
  if stored.get('experiment') != 'bdh':
    raise ValueError(
        f'--trained={workdir} holds no run of launch.bdh; name the --workdir of'
        ' one, or leave it out to train.'
    )
  return options.from_plain(bdh_config.Config(), stored['config'])


def active(training: bdh_config.Config, params: bdh.Params) -> dict:
  """Returns active shares on held-out text by layer, [S] each."""
  held_out = corpus.joined(bdh_experiment.read(training).validation)
  windows = crops.windows(
      held_out, training.sequence_length, training.eval_windows
  )
  measure = lambda one: bdh_experiment.measure(one, windows, training)
  return jax.jit(jax.vmap(measure))(params)


def example(config: Config) -> str:
  """Returns lines with words that no synapse was chosen on, members first."""
  pairs = zip(config.members[1::2], config.others[1::2], strict=False)
  words = [word for pair in pairs for word in pair]
  lines = zip(config.templates[:4], words, strict=False)
  return ''.join(line.replace('{}', word) + '\n' for line, word in lines)


def _stacked(rows: list[dict]) -> dict[str, np.ndarray]:
  return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

"""Networks that others have trained, in `launch.circuit_reuse`."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.circuit_reuse import circuits
from launch.circuit_reuse import figures
from launch.circuit_reuse.config import Config
from nmlib import train
from nmlib.analysis import attribution
from nmlib.analysis import patching
from nmlib.data import weights
from nmlib.data.text import circuit_prompts
from nmlib.data.text import llama2c
from nmlib.data.text import tokenizers
from nmlib.networks import gpt2
from nmlib.networks import llama
from nmlib.networks import transformer

_REPAIR = (12, 3), (13, 4), (13, 13), (19, 1)  # the authors' heads
_NAMES = 'Lily', 'Tim', 'Timmy'  # a token each
_STORIES = (
    'Once upon a time, there was a child named {}. {} loved to play. One day,',
    'Once upon a time, there was a child named {}. {} had a ball. One day,',
    'Once upon a time, there was a child named {}. {} was very happy. Then,',
)


def experiment(config: Config, run: train.Run) -> train.Report:
  """Reads a network and looks into it."""
  for field in ('weights', 'tokenizer'):
    if not getattr(config, field):
      raise ValueError(
          f'config.{field} must name a file for config.source='
          f'{config.source!r}; give --{field}=FILE.'
      )
  tokenizer = tokenizers.load(config.tokenizer)
  look = _gpt2 if config.source == 'gpt2' else _tinystories
  return look(config, run, tokenizer)


def _gpt2(config, run, tokenizer) -> train.Report:
  """Circuits of both tasks in text, their overlap, and the authors' repair."""
  model = config.model
  params = gpt2.params_from_official(weights.load(config.weights), model)
  for process in (
      transformer.fold_layer_norm, transformer.center_writing_weights,
      transformer.center_unembedding,
  ):  # fmt: skip
    params, model = process(params, model)
  edited = circuits.runner(params, model)
  rng, found, judge = np.random.default_rng(42), {}, None
  for draw in (
      circuit_prompts.indirect_objects, circuit_prompts.coloured_objects
  ):  # fmt: skip
    most = _of_one_length(draw(rng, 8 * config.num_prompts), tokenizer)
    find, judge = (
        jax.tree.map(lambda a, i=i: a[i::2][: config.num_prompts], most)
        for i in (0, 1)
    )
    study = functools.partial(
        circuits.study, run=edited, find=find, judge=judge, config=config
    )
    key = jax.random.key(0)
    compute = lambda study=study, key=key: jax.jit(study)(key)
    found[draw.__name__] = run.result(draw.__name__, compute)
  right = run.result(
      'repair', lambda: {'right': _repaired(config, model, edited, judge)}
  )['right']  # fmt: skip
  a, b = (f['circuits'][config.top_k - 1] for f in found.values())
  chance = patching.chance_overlap(a.size, int(a.sum()), int(b.sum()))
  return train.Report(
      claims=[
          train.higher(
              'The circuits share more heads than chance',
              {'overlap': patching.circuit_overlap(a, b)}, {'chance': chance},
              by='mean', source='abstract', paper='.78',
          ),
          train.higher(
              'Four heads repair coloured objects', {'repaired': right[1]},
              {'before': right[0]}, by='mean', source='abstract',
              paper='.496 to .937', also={'random sets': right[2:]},
          ),
      ],
      data={'prompts': f'{config.num_prompts} of a task, and as many to judge'},
      differences=['Indirect objects stand in sentences of ours.'],
      figures={
          name: figures.maps(
              f'{name}: path patching',
              dict(zip(circuits.STAGES, f['effects'], strict=True)), 3,
              ('head', 'layer'),
          )
          for name, f in found.items()
      },
  )  # fmt: skip


def _repaired(config, model, edited, judge):
  """Returns the share of right answers with no heads, the authors', random."""
  heads = np.zeros((model.num_layers, model.num_heads), bool)
  heads[tuple(np.transpose(_REPAIR))] = True
  random = [
      circuits.random_heads(jax.random.key(i), heads.shape, heads.sum())
      for i in range(config.random_sets)
  ]
  sets = jnp.stack([heads & False, heads, *random])
  of_set = lambda one: circuits.overridden(edited, judge, one)[1].mean()
  return jax.lax.map(of_set, sets)


def _of_one_length(pairs, tokenizer) -> circuit_prompts.Tokens:
  """Returns the pairs of the length that most have."""
  groups = circuit_prompts.encode(pairs, tokenizer)
  most = max(groups.values(), key=lambda group: len(group.tokens))
  return jax.tree.map(jnp.asarray, most)


def _tinystories(config, run, tokenizer) -> train.Report:
  """Heads put out, residuals patched and layers read where a name is copied."""
  official = llama2c.load(config.weights)
  model = llama.config_from_official(official.config)
  params = llama.params_from_official(official.arrays, model)
  pairs = [
      circuit_prompts.Pair(story.format(a, a), story.format(b, b), a, b, ())
      for story in _STORIES for a in _NAMES for b in _NAMES if a != b
  ]  # fmt: skip
  most = _of_one_length(pairs, tokenizer)
  begun = lambda rows: jnp.pad(rows, ((0, 0), (1, 0)), constant_values=1)
  clean, corrupt = begun(most.tokens), begun(most.corrupt)
  look = lambda: _looked(params, model, clean, corrupt, most.answers)
  found = run.result('looked', jax.jit(look))
  words = [tokenizer.decode([1, 1, int(t)]) for t in clean[0]]
  change = found['ablated'] - found['difference'].mean()
  restored, heads = 'share restored', 'change of the logit difference'
  return train.Report(
      claims=[
          train.higher(
              'The name that the story gave is likelier than another one, in at'
              ' least 0.9 of prompts',
              {'share': np.mean(found['difference'] > 0)}, 0.9, by='mean',
              source='design of ours',
              also={'logit difference': found['difference']},
          )
      ],
      data={'prompts': f'{len(clean)}, such as {pairs[0].text!r}'},
      differences=[
          'The paper looks into GPT-2 medium: this network has 260,000 weights'
          ' and does neither of its tasks. It copies a name.'
      ],
      tables={
          'By layer': train.Table(
              {
                  f'layer {i + 1}': {
                      'logit lens': found['lens'][i],
                      'most of one head': change[i].min(),
                      'all heads, mean': change[i].mean(),
                  }
                  for i in range(len(change))
              },
              'layer', 'Logit difference of the names, read after the layer as'
              ' if it were the last; and by how much a head at its mean over'
              ' prompts and twins changes that of the output.',
          )
      },
      figures={
          'heads': figures.maps(
              'A head at its mean', {heads: change}, 1, ('head', 'layer')
          ),
          'patch_grid': figures.maps(
              "Residuals patched into the twin's run",
              {restored: found['grid']}, 1, ('', 'layer'), {restored: words},
          ),
      },
  )  # fmt: skip


def _looked(params, model, clean, corrupt, answers) -> dict[str, Any]:
  """Returns what patching, ablation and the logit lens find."""
  run, layers = circuits.runner(params, model), model.num_layers
  shape = layers, 1, model.num_heads, 1
  both = jnp.concatenate([clean, corrupt])
  ablated = patching.ablate(
      run, clean, 'z', patching.one_at_a_time(shape, (0, 2)), circuits.metric,
      answers, kind='mean', others=both, batch_size=8,
  )  # fmt: skip
  resid = jax.vmap(lambda t: run(t, {}, ('resid_post',))[1])(clean)
  last = resid['resid_post'][:, :, -1]  # [B, L, d]
  of_layer = lambda rows: transformer.read_out(params, rows, model)
  read = attribution.logit_lens(last, of_layer)
  pair = jnp.broadcast_to(answers[:, None], (*read.shape[:2], 2))
  lens = patching.logit_difference(read, pair)
  grid, difference = circuits.grid(run, clean, corrupt, answers, layers)
  return {
      'ablated': ablated.mean(-1).reshape(layers, -1), 'lens': lens.mean(0),
      'grid': grid, 'difference': difference,
  }  # fmt: skip

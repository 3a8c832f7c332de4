# %% [markdown]
# # What does this unit see?
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/nmlib/nmlib/blob/main/colabs/image_units.ipynb)

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
# ## Four questions to one unit
#
# Nobody designs the units of a trained image network. Four questions can be
# put to one of them:
#
# | question | answered by |
# |---|---|
# | Which images, and where in them, excite it most? | `analysis.exemplars` |
# | Which image would excite it most? | `analysis.feature_visualization` |
# | What would one call that? | `networks.describer` |
# | Does the network need it for that? | `analysis.deletion` |
#
# The first three describe; only the last is an experiment. The methods are of
# Nguyen et al. ([arXiv 1602.03616](https://arxiv.org/abs/1602.03616)) and of
# MILAN ([arXiv 2201.11114](https://arxiv.org/abs/2201.11114)). To know whether
# an answer is right we need images of which everything is known, so they are
# generated here.

# %% tags=["parameters"]
num_networks = 4  # three to look into, one to look with; test: 3
num_steps = 1500  # of training; test: 2
num_images = 1500  # that units are shown; test: 12
num_exemplars = 15  # of each unit; test: 3
num_checks = 16  # of the captioner, every 25 updates; test: 2
beam = 20  # descriptions held while searching; test: 3
num_climbs = 150  # steps to the image that excites a unit; test: 3
num_tests = 500  # images of each kind to test on; test: 20
weights_file = ''  # of EfficientNet-Lite0, for the last section
photographs = ''  # a folder of images, likewise

# %%
import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from nmlib import train
from nmlib.analysis import deletion
from nmlib.analysis import descriptions
from nmlib.analysis import exemplars
from nmlib.analysis import feature_visualization
from nmlib.analysis import objectives
from nmlib.data import image_folder
from nmlib.data import lettered_shapes
from nmlib.data import region_descriptions as regions
from nmlib.data import shapes
from nmlib.data import weights
from nmlib.networks import cnn
from nmlib.networks import describer
from nmlib.networks import description_learner as learner
from nmlib.networks import efficientnet
from nmlib.neurons import sites

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
# ## Images with a temptation
#
# Each image shows a shape of some colour and texture in a quadrant. Half of the
# training images also have a letter in the corner, which gives the shape away:
# L beside circles, T beside squares, and so on. A network that has to tell
# shape and colour may learn to read. Misleading images have the letter of
# another shape.

# %%
draw = lambda seed, letters: lettered_shapes.many(
    jax.random.key(seed), num_tests, letters
)
tests = {
    'as in training': draw(1, 'telling'),
    'misleading letters': draw(2, 'misleading'),
}
figure, panels = plt.subplots(2, 6, figsize=(9, 3.4))
for row, shown in zip(panels, tests.values(), strict=True):
  for i, axes in enumerate(row):
    axes.imshow(shown.picture.image[i])
    one = jax.tree.map(operator.itemgetter(i), shown.factors)
    words = shapes.describe(one)
    axes.set_title(words.replace(', ', '\n', 1), size=8)
    axes.set_axis_off()
figure.suptitle('upper row as in training, lower row misleading', size=10)
plt.show()

# %% [markdown]
# ## Networks that learn them
#
# Three layers of convolution and ReLU, 16, 32 and 32 units (channels), the mean
# over the image, a linear read-out. `cnn.apply(..., site=...)` lets us look at
# and change what is inside: site `conv_post_2` is the third layer after its
# ReLU. Several networks learn from the same kind of images; they differ in
# initial weights and in the order of what they see.

# %%
heads = {'shape': len(shapes.SHAPES), 'colour': len(shapes.COLOURS)}
config = cnn.Config(sum(heads.values()), strides=(2, 2, 1))


def network(params, image, site=sites.PLAIN):
  return cnn.apply(params, image - 0.5, config, site=site)


def learn(key):
  """Trains one network."""
  optimizer = optax.adam(optax.cosine_decay_schedule(5e-3, num_steps))

  def loss(params, key):
    some = jax.vmap(lettered_shapes.draw)(jax.random.split(key, 32))

    def one(image, factors):
      labels = {head: getattr(factors, head) for head in heads}
      logits = network(params, image).logits
      return train.heads_cross_entropy(logits, heads, labels)

    return jax.vmap(one)(some.picture.image, some.factors).mean()

  def step(carry, i):
    params, state = carry
    gradient = jax.grad(loss)(params, jax.random.fold_in(key, i))
    change, state = optimizer.update(gradient, state)
    return (optax.apply_updates(params, change), state), None

  params: Any = cnn.init(key, config)
  start = params, optimizer.init(params)
  return jax.lax.scan(step, start, jnp.arange(num_steps))[0][0]


keys = jax.random.split(jax.random.key(0), num_networks)
trained = jax.jit(lambda keys: jax.lax.map(learn, keys))(keys)
networks = jax.tree.map(lambda x: x[:-1], trained)
eye = jax.tree.map(lambda x: x[-1], trained)  # looks at the others' images
pick = lambda tree, i: jax.tree.map(lambda x: x[i], tree)


@jax.jit
def answers(params, image, deleted):
  """Returns which images' shape and colour are told right, bool [N] each."""
  shown, factors = image
  changed = deletion.edits(deleted, config.units)
  run = sites.runner(functools.partial(network, params))
  logits = jax.vmap(lambda x: run(x, changed, ())[0].logits)(shown.image)
  shape, colour = jnp.split(logits, [heads['shape']], 1)
  return (
      jnp.argmax(shape, 1) == factors.shape,
      jnp.argmax(colour, 1) == factors.colour,
  )


total = sum(config.units.values())
nothing = jnp.zeros(total, bool)
print('accuracy of      shape, by network         colour')
for kind, shown in tests.items():
  right = [
      answers(pick(networks, i), shown, nothing)
      for i in range(num_networks - 1)
  ]
  cells = [f'{shape.mean():.2f}' for shape, _ in right]
  colour = np.mean([colour for _, colour in right])
  print(f'{kind:20}', *cells, f'{colour:19.2f}')

# %% [markdown]
# All tell the colour. Of the shape they know much less than the first line
# suggests: with a wrong letter beside it most answers are wrong (chance is
# 0.2). They learned to read. Which units do?
#
# ## 1. Which images excite it?
#
# A unit's exemplars are the images of its greatest activations, each with a
# mask: where the activation exceeds the unit's 0.99 quantile over all places of
# all images. `exemplars.find` makes two passes over the images and finds them
# for all units of all layers. Outside the mask images are drawn pale.

# %%
seen = lettered_shapes.many(jax.random.key(3), num_images)
images = seen.picture.image
layers = tuple(config.units)
look = lambda params: sites.viewer(functools.partial(network, params), layers)


@jax.jit
def dissect(params):
  """Returns the exemplars of all units, their features, and true facts."""
  found = exemplars.find(look(params), images, k=num_exemplars)
  found = exemplars.joined(found)
  features = exemplars.features(look(eye), images, found)
  facts = regions.facts_of_units(seen, found.images, found.masks)
  return found, features, facts


found, features, facts = jax.lax.map(dissect, networks)
which = 0  # the network whose units are shown
own = pick(found, which)
last = total - config.channels[-1]  # the first unit of the last layer
alive = last + np.flatnonzero(own.scores[last:, 0] > 0)
chosen = alive[np.linspace(0, len(alive) - 1, 8).astype(int)]


def show_exemplars(axes, shown, masks):
  """Draws exemplars [k, H, W, 3] in a row, pale outside their masks."""
  pale = np.where(masks[..., None], shown, 0.4 * shown + 0.45)
  gap = shown.shape[1] // 16
  pale = np.pad(pale, ((0, 0), (0, 0), (0, gap), (0, 0)), constant_values=1)
  axes.imshow(np.concatenate(pale, 1))
  outlines = np.concatenate(np.pad(masks, ((0, 0), (0, 0), (0, gap))), 1)
  if outlines.any():
    axes.contour(outlines, [0.5], colors='black', linewidths=0.7)
  axes.set_axis_off()


figure, panels = plt.subplots(4, 2, figsize=(9, 4.2))
for axes, unit in zip(panels.flat, chosen, strict=True):
  show_exemplars(axes, images[own.images[unit, :5]], own.masks[unit, :5])
  axes.set_title(f'unit {unit}', size=9)
figure.suptitle('Units of the last layer: where they answer most', size=10)
plt.show()

# %% [markdown]
# ## 2. Which image would excite it most?
#
# Exemplars are made of what there was to choose from. Activation maximisation
# climbs: from grey noise it follows the gradient of the unit at the middle of
# its map, taken before the ReLU, since a silent unit has no slope. There the
# unit sees 15 x 15 of the 24 x 24 pixels. After each step the total variation
# is reduced, without which the result is a fine pattern that no image has.

# %%
noise = jax.random.normal(jax.random.key(5), (2, 24, 24, 3))
stage = feature_visualization.Stage(num_climbs, (2, 0.5), (0.3, 0.3))


@jax.jit
def climb(params, units):
  """Returns what excites units of the last layer [U, starts, ...]."""

  def one(unit, start):
    goal = objectives.unit_objective(
        lambda x, site: network(params, x / 255, site),
        'conv_pre_2', unit, position=(2, 2),
    )  # fmt: skip
    key = jax.random.key(0)  # of jitter, of which there is none
    return feature_visualization.activation_maximization(
        key, goal, start, [stage], schedule='intended'
    )

  starts = jnp.clip(127.5 + 8 * noise, 0, 255)
  return jax.vmap(jax.vmap(one, (None, 0)), (0, None))(units, starts)


climbed = climb(pick(networks, which), jnp.array(chosen - last))
figure, panels = plt.subplots(2, len(chosen), figsize=(9, 2.9))
for column, unit, made, reached in zip(
    panels.T, chosen, climbed.image, climbed.activation[..., -1], strict=True
):
  for axes, image, value in zip(column, made, reached, strict=True):
    axes.imshow(np.clip(image / 255, 0, 1), interpolation='nearest')
    times = value / own.scores[unit, 0]
    axes.set_title(f'{times:.1f} times', size=8)
    axes.set_axis_off()
  column[0].set_title(f'unit {unit}\n{column[0].get_title()}', size=8)
figure.suptitle('From two starts; times the best exemplar', size=10)
plt.show()

# %% [markdown]
# Where both starts end in the same picture and above the best exemplar (more
# than 1.0 times), the unit asks for one thing. Below 1.0 the climb got stuck,
# and the picture is no answer: unit 70 goes to plain green, while its
# exemplars show blue squares beside a T.
#
# ## 3. What would one call it?
#
# MILAN learns from described units to describe others. A captioner reads the
# regions of a unit (what another network, the `eye`, has in its layers inside
# the masks) and a language model knows which words are frequent; of all
# descriptions $d$ of the regions $E$ that a beam search finds, the one of the
# greatest weighted pointwise mutual information is taken,
#
# $$\log p(d \mid E) - 0.2 \log p(d).$$
#
# People described the units of the paper. Here the facts are known: what most
# exemplars share inside the masks is put into sentences
# (`region_descriptions`). The units of a network are described by models that
# learned from the other networks, so no unit is its own teacher.

# %%
features = (features - features.mean((0, 1, 2))) / (
    features.std((0, 1, 2)) + 1e-6
)
units = learner.Units(np.array(features), regions.told(np.array(facts)))
splits = learner.leave_one_out(units)
learning = learner.Config(
    describer.Config(
        features.shape[-1], len(regions.VOCABULARY), hidden=64, embedding=32,
        length=regions.LENGTH, beam=beam,
    ),
    learning_rate=3e-3,
)  # fmt: skip


@jax.jit
def learn_words(split):
  """Learns both models; returns their weights at the least validation costs."""
  start = learner.initial_learner(jax.random.key(0), split, learning)
  step = lambda state, _: learner.learn(state, learning)
  return jax.lax.scan(step, start, None, num_checks)[0].best


models = jax.lax.map(learn_words, splits)
said = learner.describe_all(models, units.features, learning.models)
said = jax.tree.map(np.array, said)
known = np.concatenate([part.tokens for part in splits], 1)[:, :, 0]
scores = descriptions.compare(
    said, units.tokens, known, regions.FACT_WORDS, regions.STOP
)
print('F1 of what is named, by network')
for method, values in scores['F1'].items():
  print(f'  {method:14}', *(f'{value:.2f}' for value in values))
print(f'different descriptions of {total} units')
for method, values in scores['distinct'].items():
  print(f'  {method:14}', *(f'{value:4}' for value in values))

names = [[regions.text(words) for words in row] for row in said['wPMI']]
truth = [
    [regions.sentences(row)[0] for row in rows] for rows in np.array(facts)
]
print(f'\n{"unit":6}{"description by wPMI":44}what is true of it')
for unit in chosen:
  print(f'{unit:<6}{names[which][unit]:44}{truth[which][unit]}')

# %% [markdown]
# The F1 counts words that name facts, against those that are true. The two
# constants give every unit the same description, the best one and the most
# frequent facts: what a method must beat.
#
# ## 4. Does the network need it for that?
#
# So far nothing has been changed. Now one unit at a time is put out, and for
# each shape and colour we count how many more of its images are told wrong.

# %%
values = [*shapes.SHAPES, *shapes.COLOURS]


@jax.jit
def recall(params, shown, deleted):
  """Returns the share told right of each shape and colour, [10]."""
  right = answers(params, shown, deleted)
  shares = []
  for correct, head in zip(right, heads, strict=True):
    own = jax.nn.one_hot(getattr(shown.factors, head), heads[head])
    shares.append(correct @ own / jnp.maximum(own.sum(0), 1))
  return jnp.concatenate(shares)


@jax.jit
def lost(params, shown):
  """Returns what each unit of the last layer alone costs, [units, 10]."""
  alone = jnp.eye(total, dtype=bool)[last:]
  without = jax.lax.map(lambda unit: recall(params, shown, unit), alone)
  return recall(params, shown, nothing) - without


costs = jax.lax.map(
    lambda params: lost(params, tests['as in training']), networks
)
costs = np.array(costs)  # [networks, units, values]
figure, axes = plt.subplots(figsize=(9, 6.4))
labels = [f'{unit}: {names[which][unit]}' for unit in range(last, total)]
bar = train.pictures.matrix(axes, 100 * costs[which], labels, values, limit=100)
axes.set_aspect('auto')
axes.tick_params(labelsize=8)
axes.set_title('images told wrong without the unit, per cent more', size=10)
figure.colorbar(bar, ax=axes)
plt.show()

# %% [markdown]
# Some units carry one value alone. Many cost one shape and help another:
# without a unit all images move a little towards some answer, and those change
# it that had little evidence. (Unit by unit such figures are noisy: a column
# counts about a hundred images.)
#
# Does the name predict the column? A description names a value if it has its
# word, or the letter that gives it away. Beside the names as they are we
# put them in any order.


# %%
def named_values(text):
  """Returns which of the values a description names, bool [10]."""
  words = set(text.split())
  letters = dict(zip(regions.LETTERS, shapes.SHAPES, strict=True))
  words |= {letters[word] for word in words & set(letters)}
  return np.array([value in words for value in values])


named = np.array([[named_values(text) for text in row[last:]] for row in names])


def advantage(named):
  """Returns what named values lose more than others, mean over units."""
  some = named.any(-1)
  mean = lambda where: (costs * where).sum(-1) / where.sum(-1).clip(1)
  return 100 * (mean(named) - mean(~named))[some].mean()


rng = np.random.default_rng(0)
shuffled = [
    advantage(np.stack([rng.permutation(row) for row in named]))
    for _ in range(1000)
]
low, high = np.percentile(shuffled, [2.5, 97.5])
print('named values lose more than others, per cent of their images')
print(f'  by the units described so    {advantage(named):5.1f}')
print(f'  names in any order, 95 %     {low:5.1f} to {high:.1f}')
idle = (np.abs(costs).max(-1) < 0.02).mean()
print(f'units without which no value changes by 2 %: {idle:.0%}')

# %% [markdown]
# ## Putting out all that read
#
# If units that are said to see letters are why the network is misled, then it
# should be misled less without them. They go one after the other, first those
# that cost least on validation images; as many random units go for comparison
# (`deletion.compare`, which never looks at the images of the test).

# %%
letter = jnp.array([regions.VOCABULARY.index('letter')])
saying = jnp.array(said['wPMI'])
reads = np.array(descriptions.named(saying, letter, regions.STOP)[..., 0])
tests['validation'] = draw(4, 'telling')
counts = (0, 1, 2, 4, 8, 12, 16, 24)
kinds = 'misleading letters', 'as in training'


def compare(i):
  """Deletes units of network i; returns accuracies by kind and order."""

  def measure(kind, deleted):
    return float(answers(pick(networks, i), tests[kind], deleted)[0].mean())

  return deletion.compare(
      measure, reads[i], counts, np.random.default_rng(i), num_random=3,
      data=kinds,
  )  # fmt: skip


curves = [compare(i) for i in range(num_networks - 1)]
figure, panels = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
orders = {'candidates': 'said to see letters', 'random units': 'random'}
for axes, kind in zip(panels, kinds, strict=True):
  for order, label in orders.items():
    color = 'C3' if order == 'candidates' else 'gray'
    for curve in curves:
      right = curve[f'{kind} {order}']
      axes.plot(curve['sizes'], right, '.-', color=color, label=label)
      label = ''  # one entry of the legend is enough
  axes.axhline(1 / heads['shape'], color='black', ls=':', lw=1)
  axes.set(xlabel='units put out', title=kind)
panels[0].set(ylabel='accuracy of the shape', ylim=(0, 1))
panels[0].legend(fontsize=8)
plt.show()

print('as many units as validation allows (0.02 of its accuracy)')
print('network  units', *(f'{kind:>28}' for kind in kinds))
for i, curve in enumerate(curves):
  at = curve['chosen']
  cells = []
  for kind in kinds:
    letters, others = (curve[f'{kind} {order}'] for order in orders)
    cells.append(f'{letters[0]:.2f} to {letters[at]:.2f}, {others[at]:.2f}')
  print(f'{i:7}{curve["sizes"][at]:7}', *(f'{cell:>28}' for cell in cells))
print('each: before to after, and after as many random units')

# %% [markdown]
# Of the units that are said to see letters validation lets two to four go.
# That gains 0.05 to 0.09 under misleading letters and costs nothing as in
# training, where random units cost 0.06 or more; in one network these gain as
# much. The curves show the rest: with twelve units gone, all three networks
# tell 0.35 to 0.5 of the misleading images, above random units (of which some
# read, too), and pay for it on images whose letter would have helped.
# (`python -m launch.milan` asks it of five networks: the gain at what
# validation allows is there in the mean, and too uneven for its interval.)
#
# ## All four answers
#
# Three units of the last layer: that which the network can spare least among
# those not said to see letters, the same among those that are, and the one it
# can spare best. Grey are the 10th to 90th percentile of the other units. The
# first shows how the answers complete each other: its exemplars are blue, what
# it climbs to is between blue and green, and both colours are lost without it.


# %%
def card(unit):
  """Draws what was found of a unit of the last layer."""
  figure, panels = plt.subplots(
      1, 3, figsize=(9, 2.2), width_ratios=(3.2, 0.8, 2.4)
  )
  shown = images[own.images[unit, :4]]
  show_exemplars(panels[0], shown, own.masks[unit, :4])
  panels[0].set_title(f'exemplars; true: {truth[which][unit]}', size=8)
  made = climb(pick(networks, which), jnp.array([unit - last])).image[0, 0]
  panels[1].imshow(np.clip(made / 255, 0, 1), interpolation='nearest')
  panels[1].set_axis_off()
  panels[1].set_title('climbed to', size=8)
  others = np.delete(costs[which], unit - last, 0)
  low, high = 100 * np.percentile(others, [10, 90], 0)
  places = np.arange(len(values))
  panels[2].bar(places, high - low, bottom=low, color='lightgray', width=0.9)
  panels[2].plot(places, 100 * costs[which, unit - last], 'C3o', ms=4)
  panels[2].axhline(0, color='black', lw=0.5)
  panels[2].set_xticks(places, values, rotation=60, size=7)
  panels[2].set_title('told wrong without it, % more\n(grey: others)', size=8)
  figure.suptitle(f'unit {unit}: "{names[which][unit]}"', size=10)
  plt.show()


strength = np.abs(costs[which]).max(1)
for among in (~reads[which], reads[which]):
  members = alive[among[alive]]
  if len(members):
    card(members[np.argmax(strength[members - last])])
card(alive[np.argmin(strength[alive - last])])

# %%
try:
  import ipywidgets
except ImportError:
  print('pip install ipywidgets for a slider over all units.')
else:
  ipywidgets.interact(card, unit=(last, total - 1))

# %% [markdown]
# ## Your own network
#
# Whatever is open to `sites` can be asked the same: `cnn`, `resnet`,
# `efficientnet` and `vit` of `nmlib.networks`. With the weights of
# EfficientNet-Lite0 (a file of the PyTorch port's names) and a folder of
# photographs, given above, this shows the units whose peaks are highest. In a
# clone, `python -m launch.milan --preset=real` does the same with a report.

# %%
if weights_file and photographs:
  lite = efficientnet.Config()
  official = weights.load(weights_file)
  lite_params = efficientnet.params_from_official(official, lite)
  given = image_folder.read(photographs, lite.image_size)
  site = 'resid_post_10'

  def read(image, site):
    image = efficientnet.scaled(image.astype(jnp.float32))
    return efficientnet.apply(lite_params, image, lite, site=site)

  @jax.jit
  def show(images):
    few = min(num_exemplars, len(images))
    look = sites.viewer(read, (site,))
    found = exemplars.find(look, images, k=few, batch_size=4)[site]
    return exemplars.most_selective(found, 12)

  best, found = show(given.images)
  figure, panels = plt.subplots(6, 2, figsize=(9, 7))
  for axes, unit, rows, masks in zip(
      panels.flat, best, found.images[:, :5], found.masks[:, :5], strict=True
  ):
    show_exemplars(axes, given.images[rows] / 255, masks)
    axes.set_title(f'unit {unit}', size=9)
  figure.suptitle(f'EfficientNet-Lite0, {site}', size=10)
  plt.show()
else:
  print('weights_file and photographs are not given')

# %% [markdown]
# ## What this shows, and what not
#
# - Exemplars, climbed images and descriptions agree for most units and not for
#   all. Where they differ, exemplars tell what the data had to offer, and the
#   climbed image what the unit asks for beyond that.
# - Descriptions are right far more often than a constant. They say more than
#   chance about what the network loses without the unit, and yet a unit that is
#   said to see blue may be idle because others see it, too.
# - One unit put out is one experiment: two units that can replace each other
#   both look idle. `nmlib.analysis.patching` and `neuron_path` go further.
# - The facts that teach the captioner are ours; people's descriptions of units
#   of ImageNet networks (`launch.milan --preset=paper`) are vaguer, and nobody
#   knows how many of them are true.
# - These are small networks and clean images: a letter is always at one place.
#
# ## Exercises
#
# Each changes one line.
#
# 1. Take the letters away: draw training images by
#    `functools.partial(lettered_shapes.draw, share=0.0)`. Which descriptions
#    are left, and what do misleading letters do now?
# 2. Give `Stage` no denoising: `(0.3, 0.3)` becomes `None`. The activation is
#    higher; is the image of any use?
# 3. Climb from real images: `starts` becomes two of them, of 24 pixels
#    a side: `255 * images[:2, :24, :24]`. Which units end elsewhere?
# 4. Look with an untrained eye: `eye = cnn.init(jax.random.key(9), config)`.
#    How much of the F1 is left?
# 5. In `lost`, put the unit out on `'misleading letters'` instead. Which units
#    does the network then do better without?

"""Arrays in, measurements out."""

import typing

from nmlib import _lazy

if typing.TYPE_CHECKING:  # for editors and type checkers
  from nmlib.analysis import around_events as around_events
  from nmlib.analysis import connectivity as connectivity
  from nmlib.analysis import detection as detection
  from nmlib.analysis import effective_rank as effective_rank
  from nmlib.analysis import graphs as graphs
  from nmlib.analysis import information as information
  from nmlib.analysis import interpretability as interpretability
  from nmlib.analysis import latents as latents
  from nmlib.analysis import laziness as laziness
  from nmlib.analysis import linear_theory as linear_theory
  from nmlib.analysis import movement_errors as movement_errors
  from nmlib.analysis import neuron_path as neuron_path
  from nmlib.analysis import ngram as ngram
  from nmlib.analysis import patching as patching
  from nmlib.analysis import place_fields as place_fields
  from nmlib.analysis import population as population
  from nmlib.analysis import progress as progress
  from nmlib.analysis import receptive_fields as receptive_fields
  from nmlib.analysis import saturation as saturation
  from nmlib.analysis import similarity as similarity
  from nmlib.analysis import sparse_codes as sparse_codes
  from nmlib.analysis import sparsity as sparsity
  from nmlib.analysis import spikes as spikes
  from nmlib.analysis import synapses as synapses
  from nmlib.analysis import synchrony as synchrony
  from nmlib.analysis import tails as tails
  from nmlib.analysis import task_progress as task_progress
  from nmlib.analysis import transients as transients
  from nmlib.analysis import vision as vision
  from nmlib.analysis.graphs import degrees as degrees
  from nmlib.analysis.graphs import modularity as modularity
  from nmlib.analysis.graphs import neuron_graph as neuron_graph
  from nmlib.analysis.graphs import power_law as power_law
  from nmlib.analysis.graphs import random_graphs as random_graphs
  from nmlib.analysis.interpretability import attribution as attribution
  from nmlib.analysis.interpretability import deactivation as deactivation
  from nmlib.analysis.interpretability import deletion as deletion
  from nmlib.analysis.interpretability import descriptions as descriptions
  from nmlib.analysis.interpretability import dissection as dissection
  from nmlib.analysis.interpretability import dissociation as dissociation
  from nmlib.analysis.interpretability import exemplars as exemplars
  from nmlib.analysis.interpretability import expert_changes as expert_changes
  from nmlib.analysis.interpretability import experts as experts
  from nmlib.analysis.interpretability import head_circuits as head_circuits
  from nmlib.analysis.interpretability import (
      language_neurons as language_neurons,
  )
  from nmlib.analysis.interpretability import language_survey as language_survey
  from nmlib.analysis.interpretability import language_texts as language_texts
  from nmlib.analysis.interpretability import output_svd as output_svd
  from nmlib.analysis.interpretability import probes as probes
  from nmlib.analysis.interpretability import task_circuits as task_circuits
  from nmlib.analysis.interpretability import (
      task_dissociation as task_dissociation,
  )
  from nmlib.analysis.interpretability import (
      task_selectivity as task_selectivity,
  )
  from nmlib.analysis.interpretability import text_measures as text_measures
  from nmlib.analysis.interpretability import unit_statistics as unit_statistics
  from nmlib.analysis.population import comparison as comparison
  from nmlib.analysis.population import jpca as jpca
  from nmlib.analysis.population import ridge as ridge
  from nmlib.analysis.population import subspaces as subspaces
  from nmlib.analysis.spikes import avalanches as avalanches
  from nmlib.analysis.spikes import distances as distances
  from nmlib.analysis.spikes import intervals as intervals
  from nmlib.analysis.spikes import pairing as pairing
  from nmlib.analysis.spikes import prediction as prediction
  from nmlib.analysis.spikes import resemblance as resemblance
  from nmlib.analysis.spikes import synaptic_operations as synaptic_operations
  from nmlib.analysis.spikes import windows as windows
  from nmlib.analysis.synapses import monosemantic as monosemantic
  from nmlib.analysis.synapses import selectivity as selectivity
  from nmlib.analysis.synapses import traces as traces
  from nmlib.analysis.task_progress import progress_anchors as progress_anchors
  from nmlib.analysis.task_progress import progress_labels as progress_labels
  from nmlib.analysis.task_progress import shaping_effects as shaping_effects
  from nmlib.analysis.vision import ascent_stages as ascent_stages
  from nmlib.analysis.vision import clustering as clustering
  from nmlib.analysis.vision import facets as facets
  from nmlib.analysis.vision import (
      feature_visualization as feature_visualization,
  )
  from nmlib.analysis.vision import objectives as objectives
  from nmlib.analysis.vision import total_variation as total_variation

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])

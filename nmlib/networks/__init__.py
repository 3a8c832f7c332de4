"""Neurons wired into whole models."""

import typing

from nmlib import _lazy

if typing.TYPE_CHECKING:  # for editors and type checkers
  from nmlib.networks import active_dendrites as active_dendrites
  from nmlib.networks import adaptation as adaptation
  from nmlib.networks import agents as agents
  from nmlib.networks import (
      astrocyte_language_model as astrocyte_language_model,
  )
  from nmlib.networks import captioning as captioning
  from nmlib.networks import clique_network as clique_network
  from nmlib.networks import clique_trials as clique_trials
  from nmlib.networks import (
      content_addressable_memory as content_addressable_memory,
  )
  from nmlib.networks import cortico_cerebellar as cortico_cerebellar
  from nmlib.networks import delay_detector as delay_detector
  from nmlib.networks import dendrites as dendrites
  from nmlib.networks import elm_network as elm_network
  from nmlib.networks import gated as gated
  from nmlib.networks import gated_modes as gated_modes
  from nmlib.networks import gpt as gpt
  from nmlib.networks import gru_language_model as gru_language_model
  from nmlib.networks import hardening as hardening
  from nmlib.networks import hardening_quality as hardening_quality
  from nmlib.networks import image_classifiers as image_classifiers
  from nmlib.networks import language_studies as language_studies
  from nmlib.networks import mlp as mlp
  from nmlib.networks import ncap as ncap
  from nmlib.networks import oscillatory as oscillatory
  from nmlib.networks import point_cloud as point_cloud
  from nmlib.networks import population_matching as population_matching
  from nmlib.networks import predictive_agent as predictive_agent
  from nmlib.networks import pretrained as pretrained
  from nmlib.networks import progress_judges as progress_judges
  from nmlib.networks import row_readers as row_readers
  from nmlib.networks import sequence_classifier as sequence_classifier
  from nmlib.networks import single_neuron as single_neuron
  from nmlib.networks import spiking as spiking
  from nmlib.networks import transformer as transformer
  from nmlib.networks import trial_network as trial_network
  from nmlib.networks import vision as vision
  from nmlib.networks import vit as vit
  from nmlib.networks import ways_to_adapt as ways_to_adapt
  from nmlib.networks import wiring as wiring
  from nmlib.networks.agents import agent as agent
  from nmlib.networks.agents import chance as chance
  from nmlib.networks.agents import ddpg as ddpg
  from nmlib.networks.agents import distributions as distributions
  from nmlib.networks.agents import double_dqn as double_dqn
  from nmlib.networks.agents import exploration as exploration
  from nmlib.networks.agents import heads as heads
  from nmlib.networks.agents import ppo as ppo
  from nmlib.networks.agents import tabular_q as tabular_q
  from nmlib.networks.captioning import captioner as captioner
  from nmlib.networks.captioning import decoding as decoding
  from nmlib.networks.captioning import describer as describer
  from nmlib.networks.captioning import (
      description_learner as description_learner,
  )
  from nmlib.networks.captioning import (
      lstm_language_model as lstm_language_model,
  )
  from nmlib.networks.captioning import torch_layouts as torch_layouts
  from nmlib.networks.dendrites import (
      dendrite_candidates as dendrite_candidates,
  )
  from nmlib.networks.dendrites import dendritic as dendritic
  from nmlib.networks.dendrites import growth as growth
  from nmlib.networks.dendrites import sizes as sizes
  from nmlib.networks.language_studies import (
      language_effects as language_effects,
  )
  from nmlib.networks.language_studies import marked_texts as marked_texts
  from nmlib.networks.language_studies import marked_words as marked_words
  from nmlib.networks.oscillatory import gated_streams as gated_streams
  from nmlib.networks.oscillatory import sequence_buffer as sequence_buffer
  from nmlib.networks.oscillatory import sequence_gru as sequence_gru
  from nmlib.networks.pretrained import bert as bert
  from nmlib.networks.pretrained import gpt2 as gpt2
  from nmlib.networks.pretrained import llama as llama
  from nmlib.networks.pretrained import official_names as official_names
  from nmlib.networks.progress_judges import peg_judge as peg_judge
  from nmlib.networks.progress_judges import (
      peg_judge_quality as peg_judge_quality,
  )
  from nmlib.networks.progress_judges import progress_model as progress_model
  from nmlib.networks.spiking import astrocyte_readout as astrocyte_readout
  from nmlib.networks.spiking import conversion_quality as conversion_quality
  from nmlib.networks.spiking import spatial_detector as spatial_detector
  from nmlib.networks.spiking import spike_learner as spike_learner
  from nmlib.networks.spiking import spike_trials as spike_trials
  from nmlib.networks.spiking import spiking_classifier as spiking_classifier
  from nmlib.networks.spiking import spiking_conversion as spiking_conversion
  from nmlib.networks.spiking import spiking_mlp as spiking_mlp
  from nmlib.networks.vision import cnn as cnn
  from nmlib.networks.vision import convolution as convolution
  from nmlib.networks.vision import efficientnet as efficientnet
  from nmlib.networks.vision import pyramid_encoder as pyramid_encoder
  from nmlib.networks.vision import resnet as resnet
  from nmlib.networks.wiring import learner as learner
  from nmlib.networks.wiring import lens as lens
  from nmlib.networks.wiring import moore as moore
  from nmlib.networks.wiring import org as org

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])

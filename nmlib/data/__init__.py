"""What goes into an experiment: grain sources and generated tasks."""

import typing

from nmlib import _lazy

if typing.TYPE_CHECKING:  # for editors and type checkers
  from nmlib.data import events as events
  from nmlib.data import images as images
  from nmlib.data import language_models as language_models
  from nmlib.data import recordings as recordings
  from nmlib.data import tasks as tasks
  from nmlib.data import text as text
  from nmlib.data import tfds as tfds
  from nmlib.data import weights as weights
  from nmlib.data.events import address_events as address_events
  from nmlib.data.events import critical_network as critical_network
  from nmlib.data.events import digit_sums as digit_sums
  from nmlib.data.events import event_files as event_files
  from nmlib.data.events import motion as motion
  from nmlib.data.events import motion_clouds as motion_clouds
  from nmlib.data.events import packet_headers as packet_headers
  from nmlib.data.events import planted_motifs as planted_motifs
  from nmlib.data.events import spike_patterns as spike_patterns
  from nmlib.data.events import volleys as volleys
  from nmlib.data.images import digits as digits
  from nmlib.data.images import image_file as image_file
  from nmlib.data.images import image_folder as image_folder
  from nmlib.data.images import lettered_shapes as lettered_shapes
  from nmlib.data.images import permuted_digits as permuted_digits
  from nmlib.data.images import planted_shapes as planted_shapes
  from nmlib.data.images import region_descriptions as region_descriptions
  from nmlib.data.images import rotation as rotation
  from nmlib.data.images import sequential_digits as sequential_digits
  from nmlib.data.images import shapes as shapes
  from nmlib.data.images import textures as textures
  from nmlib.data.images import unit_annotations as unit_annotations
  from nmlib.data.recordings import celegans as celegans
  from nmlib.data.recordings import language_counts as language_counts
  from nmlib.data.recordings import matrix_file as matrix_file
  from nmlib.data.recordings import neuronio as neuronio
  from nmlib.data.recordings import neuronio_runs as neuronio_runs
  from nmlib.data.recordings import neuronio_windows as neuronio_windows
  from nmlib.data.recordings import simulated as simulated
  from nmlib.data.tasks import bars as bars
  from nmlib.data.tasks import circuit_tasks as circuit_tasks
  from nmlib.data.tasks import concept_shift as concept_shift
  from nmlib.data.tasks import decision_tasks as decision_tasks
  from nmlib.data.tasks import delayed_recall as delayed_recall
  from nmlib.data.tasks import drawing as drawing
  from nmlib.data.tasks import fact_repetition as fact_repetition
  from nmlib.data.tasks import listops as listops
  from nmlib.data.tasks import long_range as long_range
  from nmlib.data.tasks import long_range_files as long_range_files
  from nmlib.data.tasks import memory_operations as memory_operations
  from nmlib.data.tasks import moons as moons
  from nmlib.data.tasks import pathfinder as pathfinder
  from nmlib.data.tasks import peg_demonstrations as peg_demonstrations
  from nmlib.data.tasks import recall_lessons as recall_lessons
  from nmlib.data.tasks import recall_reasoning as recall_reasoning
  from nmlib.data.tasks import serial_recall as serial_recall
  from nmlib.data.tasks import solids as solids
  from nmlib.data.tasks import student_teacher as student_teacher
  from nmlib.data.tasks import trial_tasks as trial_tasks
  from nmlib.data.text import bilingual as bilingual
  from nmlib.data.text import captions as captions
  from nmlib.data.text import circuit_prompts as circuit_prompts
  from nmlib.data.text import corpus as corpus
  from nmlib.data.text import crops as crops
  from nmlib.data.text import llama2c as llama2c
  from nmlib.data.text import multilingual as multilingual
  from nmlib.data.text import multilingual_lessons as multilingual_lessons
  from nmlib.data.text import numerals as numerals
  from nmlib.data.text import parallel as parallel
  from nmlib.data.text import recall_prompts as recall_prompts
  from nmlib.data.text import registers as registers
  from nmlib.data.text import responses as responses
  from nmlib.data.text import split as split
  from nmlib.data.text import streams as streams
  from nmlib.data.text import templates as templates
  from nmlib.data.text import tiny_shakespeare as tiny_shakespeare
  from nmlib.data.text import tokenizers as tokenizers

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])

"""The experiment of `launch.hippocampus_cam`: as published, and beyond."""

from launch.hippocampus_cam import measure
from launch.hippocampus_cam import report
from launch.hippocampus_cam.config import Config
from nmlib import train


def experiment(config: Config, run: train.Run) -> train.Report:
  """Runs the paper's experiments, then what they leave open."""
  run.say("the paper's experiments")
  published = run.result('published', measure.published)
  finer = run.result('finer', measure.finer)
  run.say('random contents')
  recall = run.result('recall', lambda: measure.recall(config))
  run.say(f'{config.large} cues, {config.large} bits')
  larger = run.result('larger', lambda: measure.larger(config))
  windows = run.result('windows', measure.windows)
  return report.make(config, published, finer, recall, larger, windows)

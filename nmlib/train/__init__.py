"""How an experiment is run: stages, fit, checkpoints, sharding, reports."""

from nmlib.train import carried
from nmlib.train import completion
from nmlib.train import examples
from nmlib.train import side_by_side
from nmlib.train.adapting import adapters
from nmlib.train.adapting.adapters import adapt
from nmlib.train.adapting.adapters import adapter_stage
from nmlib.train.adapting.modes import add_modes
from nmlib.train.app import launch
from nmlib.train.carried import CarriedState
from nmlib.train.carried import truncated_bptt
from nmlib.train.control.agent_stage import AgentState
from nmlib.train.control.agent_stage import agent_stage
from nmlib.train.control.episodes import episodes_until
from nmlib.train.control.episodes import rollout
from nmlib.train.control.evolution_stage import evolution_stage
from nmlib.train.control.policies import policy
from nmlib.train.control.policies import save_gif
from nmlib.train.curricula.continual import ContinualState
from nmlib.train.curricula.continual import continual_stage
from nmlib.train.examples import Examples
from nmlib.train.examples import Split
from nmlib.train.examples import accuracy
from nmlib.train.examples import cross_entropy
from nmlib.train.examples import fresh
from nmlib.train.examples import heads_cross_entropy
from nmlib.train.examples import step_key
from nmlib.train.experiment import run_experiment
from nmlib.train.fit import Fitted
from nmlib.train.fit import fit
from nmlib.train.fit import joined
from nmlib.train.fit import restore
from nmlib.train.gradient import TrainState
from nmlib.train.gradient import gradient_step
from nmlib.train.hosts.distributed import to_host
from nmlib.train.hosts.sequential import sequential_vmap
from nmlib.train.metrics import History
from nmlib.train.metrics import NonFinite
from nmlib.train.optimizers import StopState
from nmlib.train.optimizers import clipped
from nmlib.train.optimizers import projected
from nmlib.train.optimizers import restarted
from nmlib.train.optimizers import stop_at_loss
from nmlib.train.optimizers import zclip
from nmlib.train.options import require
from nmlib.train.reports import adapted
from nmlib.train.reports import catalogue
from nmlib.train.reports import figures
from nmlib.train.reports import panels
from nmlib.train.reports import pictures
from nmlib.train.reports import relations
from nmlib.train.reports.claims import Claim
from nmlib.train.reports.claims import higher
from nmlib.train.reports.claims import judged
from nmlib.train.reports.claims import lower
from nmlib.train.reports.claims import ordered
from nmlib.train.reports.claims import unexpected
from nmlib.train.reports.comparisons import differ
from nmlib.train.reports.comparisons import ordered_everywhere
from nmlib.train.reports.paper import Headline
from nmlib.train.reports.paper import Paper
from nmlib.train.reports.paper import Source
from nmlib.train.reports.report import Report
from nmlib.train.reports.statistics import Interval
from nmlib.train.reports.statistics import bootstrap_interval
from nmlib.train.reports.statistics import paired_interval
from nmlib.train.reports.statistics import rank_correlation
from nmlib.train.reports.statistics import summary
from nmlib.train.reports.tables import Table
from nmlib.train.reports.tables import columns
from nmlib.train.reports.tables import correlations
from nmlib.train.reports.tables import placed
from nmlib.train.run import Run
from nmlib.train.stage import Loop
from nmlib.train.stage import Stage
from nmlib.train.stage import classification
from nmlib.train.stage import measured
from nmlib.train.sweep import at_an_end
from nmlib.train.sweep import choose
from nmlib.train.sweep import choose_by
from nmlib.train.sweep import take

__all__ = [
    'AgentState',
    'CarriedState',
    'Claim',
    'ContinualState',
    'Examples',
    'Fitted',
    'Headline',
    'History',
    'Interval',
    'Loop',
    'NonFinite',
    'Paper',
    'Report',
    'Run',
    'Source',
    'Split',
    'Stage',
    'StopState',
    'Table',
    'TrainState',
    'accuracy',
    'adapt',
    'adapter_stage',
    'adapted',
    'adapters',
    'add_modes',
    'agent_stage',
    'at_an_end',
    'bootstrap_interval',
    'carried',
    'catalogue',
    'choose',
    'choose_by',
    'classification',
    'clipped',
    'columns',
    'completion',
    'continual_stage',
    'correlations',
    'cross_entropy',
    'differ',
    'episodes_until',
    'evolution_stage',
    'examples',
    'figures',
    'fit',
    'fresh',
    'gradient_step',
    'heads_cross_entropy',
    'higher',
    'joined',
    'judged',
    'launch',
    'lower',
    'measured',
    'ordered',
    'ordered_everywhere',
    'paired_interval',
    'panels',
    'pictures',
    'placed',
    'policy',
    'projected',
    'rank_correlation',
    'relations',
    'require',
    'restarted',
    'restore',
    'rollout',
    'run_experiment',
    'save_gif',
    'sequential_vmap',
    'side_by_side',
    'step_key',
    'stop_at_loss',
    'summary',
    'take',
    'to_host',
    'truncated_bptt',
    'unexpected',
    'zclip',
]

"""How an experiment is run: stages, fit, checkpoints, sharding, reports."""

from nmlib.train import examples
from nmlib.train import figures
from nmlib.train.app import launch
from nmlib.train.claims import Claim
from nmlib.train.claims import differ
from nmlib.train.claims import higher
from nmlib.train.claims import lower
from nmlib.train.claims import unexpected
from nmlib.train.distributed import to_host
from nmlib.train.examples import Examples
from nmlib.train.examples import Split
from nmlib.train.examples import accuracy
from nmlib.train.examples import cross_entropy
from nmlib.train.experiment import run_experiment
from nmlib.train.fit import Fitted
from nmlib.train.fit import fit
from nmlib.train.fit import restore
from nmlib.train.metrics import History
from nmlib.train.metrics import NonFinite
from nmlib.train.optimizers import StopState
from nmlib.train.optimizers import projected
from nmlib.train.optimizers import stop_at_loss
from nmlib.train.report import Report
from nmlib.train.run import Run
from nmlib.train.sequential import sequential_vmap
from nmlib.train.stage import Loop
from nmlib.train.stage import Stage
from nmlib.train.stage import TrainState
from nmlib.train.stage import gradient_step
from nmlib.train.stage import take
from nmlib.train.statistics import Interval
from nmlib.train.statistics import between
from nmlib.train.statistics import bootstrap_interval
from nmlib.train.statistics import paired_interval
from nmlib.train.statistics import rank_correlation
from nmlib.train.statistics import summary
from nmlib.train.tables import Table

__all__ = [
    'Claim',
    'Examples',
    'Fitted',
    'History',
    'Interval',
    'Loop',
    'NonFinite',
    'Report',
    'Run',
    'Split',
    'Stage',
    'StopState',
    'Table',
    'TrainState',
    'accuracy',
    'between',
    'bootstrap_interval',
    'cross_entropy',
    'differ',
    'examples',
    'figures',
    'fit',
    'gradient_step',
    'higher',
    'launch',
    'lower',
    'paired_interval',
    'projected',
    'rank_correlation',
    'restore',
    'run_experiment',
    'sequential_vmap',
    'stop_at_loss',
    'summary',
    'take',
    'to_host',
    'unexpected',
]

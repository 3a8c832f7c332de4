"""How an experiment is run: fit, checkpoints, sharding, reports."""

from nmlib.train.app import launch
from nmlib.train.app import run_experiment
from nmlib.train.distributed import to_host
from nmlib.train.fit import Fitted
from nmlib.train.fit import fit
from nmlib.train.fit import restore
from nmlib.train.log import NonFinite
from nmlib.train.metrics import History
from nmlib.train.report import Claim
from nmlib.train.report import Report
from nmlib.train.report import summary
from nmlib.train.run import Run
from nmlib.train.schedule import Schedule
from nmlib.train.state import TrainState
from nmlib.train.state import gradient_step
from nmlib.train.state import initializer
from nmlib.train.statistics import Interval
from nmlib.train.statistics import paired_interval
from nmlib.train.turns import in_turn

__all__ = [
    'Claim',
    'Fitted',
    'History',
    'Interval',
    'NonFinite',
    'Report',
    'Run',
    'Schedule',
    'TrainState',
    'fit',
    'gradient_step',
    'in_turn',
    'initializer',
    'launch',
    'paired_interval',
    'restore',
    'run_experiment',
    'summary',
    'to_host',
]

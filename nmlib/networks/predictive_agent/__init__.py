r"""An agent that learns values, and to predict its own latents beside them.

Fang and Stachenfeld (arXiv 2310.06089, ICLR 2024); program chingf/auxrl on
GitHub. An encoder E (two convolutions, two linear layers) makes a latent z of
an image; a transition T predicts the next latent; Q reads values of actions.
The loss adds to double DQN's a prediction of latents, over a horizon by
bootstrapping, and two terms against collapse that hold latents apart. Only the
positive part of z is read, so that a unit can fall silent.

One observation, no batch axis, but for `losses`: the original couples a batch,
each latent of which is held away from the one before it.

`distinct` and `encode_all` are exact for a finite set of observations: blocks
of pixels that several have in common are read once.
"""

from nmlib.networks.predictive_agent.contiguity import exchange
from nmlib.networks.predictive_agent.model import apply
from nmlib.networks.predictive_agent.model import distinct
from nmlib.networks.predictive_agent.model import encode
from nmlib.networks.predictive_agent.model import encode_all
from nmlib.networks.predictive_agent.model import transition
from nmlib.networks.predictive_agent.model import values
from nmlib.networks.predictive_agent.objective import Losses
from nmlib.networks.predictive_agent.objective import Step
from nmlib.networks.predictive_agent.objective import Weights
from nmlib.networks.predictive_agent.objective import Window
from nmlib.networks.predictive_agent.objective import losses
from nmlib.networks.predictive_agent.objective import prediction_loss
from nmlib.networks.predictive_agent.objective import q_loss
from nmlib.networks.predictive_agent.objective import spread_loss
from nmlib.networks.predictive_agent.objective import update
from nmlib.networks.predictive_agent.official import params_from_official
from nmlib.networks.predictive_agent.official import params_to_official
from nmlib.networks.predictive_agent.params import Config
from nmlib.networks.predictive_agent.params import Encoder
from nmlib.networks.predictive_agent.params import Params
from nmlib.networks.predictive_agent.params import init
from nmlib.networks.predictive_agent.replayed import Images
from nmlib.networks.predictive_agent.replayed import Objective
from nmlib.networks.predictive_agent.replayed import action_values
from nmlib.networks.predictive_agent.replayed import history_of
from nmlib.networks.predictive_agent.replayed import images_of
from nmlib.networks.predictive_agent.replayed import latents
from nmlib.networks.predictive_agent.replayed import learn
from nmlib.networks.predictive_agent.replayed import objective_of
from nmlib.networks.predictive_agent.replayed import predicted

__all__ = [
    'Config',
    'Encoder',
    'Images',
    'Losses',
    'Objective',
    'Params',
    'Step',
    'Weights',
    'Window',
    'action_values',
    'apply',
    'distinct',
    'encode',
    'encode_all',
    'exchange',
    'history_of',
    'images_of',
    'init',
    'latents',
    'learn',
    'losses',
    'objective_of',
    'params_from_official',
    'params_to_official',
    'predicted',
    'prediction_loss',
    'q_loss',
    'spread_loss',
    'transition',
    'update',
    'values',
]

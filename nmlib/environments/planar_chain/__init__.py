r"""A chain of n bodies in a plane of fluid, moved as MuJoCo moves a swimmer.

No MuJoCo is needed. Coordinates are q = (x, y, th_0, phi_1 ...), and with
absolute angles :math:`\Theta_i = th_0 + \sum_{j \le i} \phi_j`,

.. math::
  e_i &= (-\sin \Theta_i, \cos \Theta_i), \quad
  p_i = (x, y - L) + L \textstyle\sum_k C_{ik} e_k, \quad
  C_{ik} = 2, 1, 0 \text{ for } k <, =, > i \\
  M &= \textstyle\sum_i m J_i^T J_i + I + A, \quad J_i = d p_i / d q \\
  a &= \arg\min \tfrac12 (a - a_0)^T M (a - a_0) + \tfrac12 \textstyle\sum
  (J a - a_{ref})^2 / R, \quad a_0 = M^{-1} \tau

with motors and the drag of each body's inertia box in tau, an armature A of the
joints, and a soft constraint for each joint beyond its limit that does not
already return fast enough. Velocities are integrated first.

Two forms agree with each other, and with MuJoCo's steps to rounding: `plain`,
these matrices; `fast`, absolute angles with the root eliminated and the factors
written out, whose numbers are a batch each under `vmap`.
"""

from nmlib.environments.planar_chain.config import Config
from nmlib.environments.planar_chain.config import State
from nmlib.environments.planar_chain.config import state_from
from nmlib.environments.planar_chain.motion import advance
from nmlib.environments.planar_chain.motion import body_velocities
from nmlib.environments.planar_chain.motion import mass_matrix
from nmlib.environments.planar_chain.motion import outline
from nmlib.environments.planar_chain.motion import substep

__all__ = [
    'Config',
    'State',
    'advance',
    'body_velocities',
    'mass_matrix',
    'outline',
    'state_from',
    'substep',
]

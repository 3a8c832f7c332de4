"""Progress of a task as a reward: a judge of hops, and what shaping keeps.

Tan et al. (arXiv 2512.23703): a model judges by how much one moment of a task
is ahead of another; three anchors are fused to progress Phi; gamma Phi(s') -
Phi(s) as a further reward leaves the best policy what it is, Phi(s') - Phi(s)
alone does not.

  python -m launch.robo_dopamine                     # small: minutes, 2 cores
  python -m launch.robo_dopamine --config.world.success=0.6
  python -m launch.robo_dopamine --preset=paper      # more of the same toy

In place of robots and of a vision-language model: a peg on a grid, two cameras
of 16 x 16 pixels, a small network. The released GRM-3B can be passed as a
function (`nmlib.environments.progress_rewards.wrap`); it is not run here.
"""

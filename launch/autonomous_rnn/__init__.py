"""A network that is active by itself learns bars in its transitions.

Gros, Kaczor, "Semantic learning in autonomously active recurrent neural
networks" (arXiv 0903.1979, Logic Journal of the IGPL 2010). ONLY THE ABSTRACT
COULD BE READ. Known from it: cliques win in an endless series of transient
states, and learn without supervision to stand for independent components of
their input (the bars problem), for a signal marks the moments in which input
changes the dynamics. Recalled from the group's other papers, and confirmed by
simulation alone: the equations of activity and reservoirs. From a students'
re-implementation: the wiring, and the rule that assigns bars. Reconstruction:
the rule with the diffusive signal, all constants of learning, all thresholds.
No number here is compared with the paper's.

  python -m launch.autonomous_rnn                  # small: minutes on 2 cores
  python -m launch.autonomous_rnn --preset=paper   # 100,000 images, 16 seeds
  python -m launch.autonomous_rnn --config.wiring=geometric --config.noise=0.02

Transient states are counted without input. Then networks that learn by either
rule, and ones that do not, see the same images; all seeds run in one program.
"""

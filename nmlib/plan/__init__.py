"""The planner: what a stage costs on a machine nobody has to own."""

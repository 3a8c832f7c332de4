"""How adapters of frozen networks are trained, chosen and tested."""

"""Spiking neurons as other libraries have them, a module a library.

Each function bears the name of the peer's class and takes its arguments; it
returns a Config of the neuron that is the same, number by number. The releases
are snnTorch 1.0.0, Norse 1.1.0, SpikingJelly 2.0.0 and Spyx 1.0.0. Importing a
neuron imports none of this. `usual_surrogates` are ours, by name.
"""

from nmlib import _lazy

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])

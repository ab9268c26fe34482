"""Random faults from a seed, over every adapter: the gateway as a real process, killed for real.

A run (`play`) draws channels, people, messages and faults from its seed, lets them happen within seconds,
mends everything, waits until nothing is left to do, and looks whether the promises hold (`Verdict`). The same
seed draws the same run; what the machine does between two moments is its own.
"""

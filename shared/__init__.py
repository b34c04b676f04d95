"""What both sides of the contract share: the worker in its image and the host.

The contract modules (`trial`, `recipe`, `events`, `emitter`, `timing`) need the
standard library alone and run on Python 3.9, the oldest of any image; `initial` needs
numpy, `mnist` numpy and pyarrow.
"""

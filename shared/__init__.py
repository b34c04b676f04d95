"""What both sides of the contract share: the worker in its image and the host.

The contract modules (`trial`, `recipe`, `layers`, `optimizers`, `events`, `emitter`, `timing`,
`facts`) need the standard library alone and run on Python 3.9, the oldest of any image;
`initial` and `order` need numpy, `mnist` numpy and pyarrow.
"""

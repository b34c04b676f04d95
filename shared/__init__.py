"""What both sides of the contract share: the worker in its image and the host.

The contract modules (`trial`, `recipe`, `layers`, `optimizers`, `events`, `emitter`, `timing`, `facts`, `leftovers`,
`procfs`) need the standard library alone and run on Python 3.9, the oldest of any image; `initial`, `order` and
`layout` need NumPy, `mnist` NumPy and pyarrow. `worker` is the life of every worker, `loop` its training and `backend`
what a framework brings: a worker imports the last two on the clock of its first phase.
"""

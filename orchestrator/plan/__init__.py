"""Which trials, in which order: contenders × recipes × seeds × runs, or a walk from one cell to another."""

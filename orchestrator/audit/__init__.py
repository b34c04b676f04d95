"""What a contender must compute: logits, loss, gradients and steps in float64 NumPy, held against each worker."""

"""From sample numbers to batches: order, state, cache, failures, and the stages that make a batch."""

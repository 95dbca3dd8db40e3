"""Many parameter sets of one strategy over one market: plans, folds, runs, and what they came to."""

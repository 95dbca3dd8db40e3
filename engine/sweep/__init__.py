"""Many sets of parameters over one market: plans, folds, runs, and what they came to."""

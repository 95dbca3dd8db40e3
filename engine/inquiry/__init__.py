"""Asking a run about itself: the interpreter led to the bars in question by what the run said."""

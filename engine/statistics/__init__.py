"""What a run was worth: figures with written formulas, over its trades, dates and bars."""

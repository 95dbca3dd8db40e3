"""What a run was worth: figures with written formulas, over its trades, dates and bars."""

from engine.statistics.statistics import Statistics, statistics_of

__all__ = ["Statistics", "statistics_of"]

"""Columns: every function of bars alone, evaluated for all rows at once."""

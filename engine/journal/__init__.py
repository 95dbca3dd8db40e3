"""The record of a run: what was decided and done, told as events."""

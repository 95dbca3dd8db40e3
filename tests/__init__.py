"""The tests. A package of its own, because others install one of this name that would hide it."""

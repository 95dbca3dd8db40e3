"""The oracle: a program interpreted by its definitions, one bar and one node at a time.

It shares nothing with the vectorized columns and the generated machine but the text they
were written from, so that agreement with them means something.
"""

from engine.interpreter.machine import Event, Interpreter

__all__ = ["Event", "Interpreter"]

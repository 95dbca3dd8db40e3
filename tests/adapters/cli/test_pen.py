"""Lines that never hold up who writes them."""

from __future__ import annotations

import io
import os
import re
from contextlib import suppress

from adapters.cli.pen import Pen


def test_lines_are_written_in_their_order() -> None:
    out = io.StringIO()
    pen = Pen(out)
    for number in range(1_000):
        pen.line(str(number))
    pen.close(10)
    assert out.getvalue().split() == [str(number) for number in range(1_000)]


def test_a_pipe_that_nobody_reads_holds_up_nobody_and_what_was_lost_is_said() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as out, os.fdopen(reading) as into:
        pen = Pen(out, most=100)
        for number in range(20_000):  # far more than a pipe holds
            pen.line(f"{number:100}")
        pen.close(0.2)
        said = ""
        while "19999" not in said:
            said += into.readline()
    lost = re.findall(r"\(([\d,]+) lines were not read in time\)", said)
    kept = sum(line.strip().isdigit() for line in said.splitlines())
    assert lost
    assert kept + sum(int(count.replace(",", "")) for count in lost) == 20_000


def test_a_pipe_that_is_closed_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    out = os.fdopen(writing, "w")
    pen = Pen(out)
    pen.line("nobody hears this")
    pen.close(10)
    pen.line("nor this")
    with suppress(BrokenPipeError):
        out.close()

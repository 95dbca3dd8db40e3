"""Where candidates may start, as source: trading date by trading date, from row to row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.ir import expression as ir
from dsl.ir import program as prog
from engine.machine.candidate import conjuncts
from engine.machine.lines import joined
from engine.machine.rows import Place
from engine.machine.stages import StageWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.ir.expression import Node
    from engine.machine.inputs import Inputs
    from engine.machine.layout import Layout

AHEAD: Final = Place("ahead", bar=False)


class StartWriter(StageWriter):
    """Writes the loops over dates and rows; what comes of a start, others write."""

    minute = "M"
    """The minute of the bar on which a candidate may start."""

    def __init__(self, layout: Layout, inputs: Inputs) -> None:
        """A writer that asks for `inputs`."""
        super().__init__(layout, inputs)
        self.first_session = self._first_session()

    def _start(self) -> None:
        """The candidates that start on the bar at hand, `at`, which stays as it is."""
        raise NotImplementedError

    def _leave(self) -> None:
        """The end of the call, with all that the next one must know."""
        raise NotImplementedError

    # --- dates and rows ------------------------------------------------------------------------

    def _dates(self) -> None:
        add = self.lines.add
        with self.lines.block("while at < stop:"):
            with self.lines.block("while days[d + 1] <= at:"):
                add("d += 1")
            add("end = min(days[d + 1], stop)")
            with self.lines.block("if today != d:"):
                self._new_date()
            self._of_date("d")
            with self.lines.block("while at < end:"):
                self._next_start()
        self._leave()

    def _new_date(self) -> None:
        for line in ("today = d", "ordinal = 0", "was = 0"):
            self.lines.add(line)

    def _next_start(self) -> None:
        """One turn: to the next row that may be a start, and what comes of it."""
        add, start = self.lines.add, self.program.start
        last = self._within_session()
        self._pass_over_the_spaced(start)
        parts = [part for rule in start.when for part in conjuncts(rule.node)]
        asked = [part for part in parts if part != self._watched()]
        easy = [
            part
            for part in asked
            if not isinstance(part, ir.InSession) and not self.w.needs_statements(part, AHEAD)
        ]
        if easy:
            self._look_ahead(easy, last, all_there_is=len(easy) == len(asked))
        rest = [part for part in asked if part not in easy]
        add("i = at & WHOLE")
        with self._bar():
            add("now = 0")
            with self._all_true(rest):
                add("now = 1")
            fires = "now == 1 and was == 0" if start.rising else "now == 1"
            with self.lines.block(f"if {fires}:"):
                self._start()
        if start.rising:
            add("was = now")
        add("at += 1")

    # --- the session ---------------------------------------------------------------------------

    def _first_session(self) -> str | None:
        """The session outside which nothing can start."""
        for rule in self.program.start.when:
            for part in conjuncts(rule.node):
                if isinstance(part, ir.InSession):
                    return part.session
        return None

    def _watched(self) -> Node | None:
        return ir.InSession(self.first_session) if self.first_session is not None else None

    def _within_session(self) -> str:
        """Skips what lies outside the session; gives the code of the row to stop before."""
        if self.first_session is None:
            return "end"
        add = self.lines.add
        first = f"T{self.inputs.table('first', self.first_session)}_d"
        stop = f"T{self.inputs.table('stop', self.first_session)}_d"
        with self.lines.block(f"if at < {first}:"):
            add("was = 0")
            add(f"at = min({first}, end)")
            add("continue")
        with self.lines.block(f"if at >= {stop}:"):
            add("was = 0")
            add("at = end")
            add("break")
        return f"min({stop}, end)"

    # --- the spacing, and the rule -------------------------------------------------------------

    def _pass_over_the_spaced(self, start: prog.Start) -> None:
        """On to the first row on which the candidate before is far enough away."""
        if not self._jumps(start):
            return
        assert start.spacing is not None
        self.lines.add(f"soonest = min(left, begun + {self.w.value(start.spacing).code})")
        with self.lines.block("if at < soonest:"):
            self.lines.add("at = soonest")
            self.lines.add("continue")

    @staticmethod
    def _jumps(start: prog.Start) -> bool:
        """Whether the spacing alone tells on which rows nothing can start."""
        return start.spacing is not None and not start.rising and start.spacing_unit == "bars"

    def _free(self) -> str:
        """Whether no candidate stands so near in the first stage that none may start.

        It is enough to ask the one before: when it began, those before it stood far enough away,
        and that they go on doing.
        """
        start = self.program.start
        if start.spacing is None:
            return "True"
        by_minutes = start.spacing_unit == "minutes"
        clock, since = (self.minute, "begun_at") if by_minutes else ("at", "begun")
        return f"(at >= left or {clock} - {since} >= {self.w.value(start.spacing).code})"

    def _look_ahead(self, easy: Sequence[Node], last: str, *, all_there_is: bool) -> None:
        """On to a row on which the easy part of the rule is true; `all_there_is`: and so the rule.

        Where only a rule that becomes true starts, the rows on which it stays true are passed over.
        """
        add = self.lines.add
        true = joined("and", [self.w.truth(part, AHEAD).true for part in easy])
        add("ahead = at & WHOLE")
        add(f"last = {last}")
        if all_there_is and self.program.start.rising:
            with self.lines.block("if was == 1:"):
                self._go_on_until("ahead", "last", f"not ({true})")
                add("was = 0")
        self._go_on_until("ahead", "last", true)
        with self.lines.block("if ahead > at:"):
            add("was = 0")
            add("at = ahead")
            with self.lines.block("if ahead >= last:"):
                add("continue")

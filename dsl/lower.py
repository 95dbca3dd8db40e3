"""A checked structure to a program: the setup, the bracket and the risk block."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from dsl import syntax as syn
from dsl.check import Checker, article
from dsl.ir import expression as ir
from dsl.ir import program as prog
from dsl.nearest import nearest
from dsl.parser import Rejected, parse_tracker
from dsl.quantities import MILLION, plain
from dsl.scope import Definition, Level, Remembered, Scope
from dsl.source import NOWHERE, Text, span_of
from dsl.units import POISON, Typed, Unit, scaled, to_real

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dsl.findings import Findings
    from dsl.source import Span
    from dsl.structure import Advance, Spec, Stage, Start, Stop, Track

CONCURRENT: Final = 16
CONTRACTS_MOST: Final = 1_000
SPACING_UNITS: Final = {Unit.DURATION: "minutes", Unit.BARS: "bars"}
NEEDS_NO_ATR: Final = frozenset({"fixed", "fixed_risk", "kelly"})
TRACKED: Final = {op.value: op for op in prog.TrackerOp}


class Lowering:
    """Builds the parts of one program; the scope already knows params, sessions and series."""

    def __init__(self, spec: Spec, scope: Scope, findings: Findings) -> None:
        """A lowering of `spec`."""
        self.spec = spec
        self.scope = scope
        self.findings = findings
        self.check = Checker(scope, findings)
        direction = spec.direction
        self.written = prog.Side(direction.write or "short") if direction else prog.Side.SHORT
        self._trackers: list[tuple[Text, Track, prog.Tracker]] = []

    # --- conditions and values -----------------------------------------------------------------

    def named(self, rules: Mapping[Text, Text], level: Level) -> tuple[prog.Named, ...]:
        """Named conditions, in written order."""
        return tuple(
            prog.Named(str(name), self.check.condition(text, level), text.span)
            for name, text in rules.items()
        )

    def whole(self, text: Text, level: Level, *units: Unit) -> tuple[ir.Node, Unit]:
        """A value in whole units, such as minutes, bars or contracts."""
        value = self.check.measured(text, level, *units)
        if value.is_error:
            return ir.Const(0), units[0]
        if value.is_real or value.den != 1:
            return ir.Round(value.node, value.den, up=False), value.unit
        return value.node, value.unit

    def millionths(self, text: Text, *units: Unit) -> ir.Node:
        """A share or number as parts in a million, known before the run."""
        value = self.check.measured(text, Level.PARAM, *units)
        if MILLION % value.den == 0:
            return scaled(value.node, MILLION // value.den)
        return ir.Round(scaled(value.node, MILLION), value.den, up=False)

    def price(self, text: Text, level: Level, *, up: bool) -> ir.Node:
        """A price in ticks, rounded to the grid in one direction."""
        value = self.check.measured(text, level, Unit.PRICE)
        if value.is_error or (value.den == 1 and not value.is_real):
            return value.node
        return ir.Round(value.node, value.den, up=up)

    @property
    def above(self) -> bool:
        """Whether the protective stop of the written side lies above the entry."""
        return self.written is prog.Side.SHORT

    # --- declarations of the setup -------------------------------------------------------------

    def declare_setup(self) -> None:
        """Names of trackers, captures, measures and targets, before any rule is read."""
        setup = self.spec.setup
        if setup is not None:
            for name, track in setup.track.items():
                self._declare_tracker(name, track)
            self._declare_captures(setup.start.capture, Level.ROW)
            for stage in setup.stages.values():
                for advance in stage.advance:
                    self._declare_captures(advance.capture, Level.CANDIDATE)
            for name, text in setup.measure.items():
                if self._free(name):
                    self.scope.definitions[name] = Definition(name, text, Level.CANDIDATE)
        target = self.spec.target
        if target is not None and not isinstance(target, str):
            self.scope.targets = [str(item.name) for item in target]

    def _free(self, name: Text) -> bool:
        scope = self.scope
        taken = {*scope.params, *scope.definitions, *scope.sessions, *scope.remembered}
        if name in taken:
            self.findings.error(
                "E008", name.span, f"`{name}` is declared twice", "every name means one thing"
            )
        return name not in taken

    def _declare_captures(self, captures: Mapping[Text, Text], level: Level) -> None:
        for name, text in captures.items():
            known = self.scope.remembered.get(name)
            if known is not None and not known.is_tracker and known.text == _captured(text):
                continue
            if self._free(name):
                self.scope.remembered[str(name)] = Remembered(
                    str(name), name.span, is_tracker=False, text=_captured(text), level=level
                )

    def _declare_tracker(self, name: Text, track: Track) -> None:
        if not self._free(name):
            return
        held = Remembered(str(name), name.span, is_tracker=True, value=POISON)
        self.scope.remembered[str(name)] = held
        try:
            written = parse_tracker(track.is_)
        except Rejected as rejected:
            self.findings.add(rejected.finding)
            return
        op = TRACKED.get(written.function)
        if op is None:
            guess = nearest(written.function, list(TRACKED))
            self.findings.error(
                "E025",
                track.is_.span.inside(written.start, written.start + len(written.function)),
                f"no tracker is called `{written.function}`",
                f"did you mean `{guess}`?" if guess else "trackers are " + ", ".join(TRACKED),
            )
            return
        held.op = op
        value, where = self._kept(track.is_, op, written)
        held.value = value
        stages = tuple(map(str, track.in_ or self._stage_names()))
        self._trackers.append(
            (
                name,
                track,
                prog.Tracker(
                    str(name),
                    op,
                    value.node if value else None,
                    where,
                    written.after,
                    stages,
                    newest=track.ties == "newest",
                    span=name.span,
                ),
            )
        )

    def _kept(
        self, text: Text, op: prog.TrackerOp, written: syn.TrackerSyntax
    ) -> tuple[Typed | None, ir.Node | None]:
        argument = written.argument
        if isinstance(argument, syn.Path) and argument.parts == ("bar",):
            argument = None
        where = None
        if written.where is not None:
            where = self._row_condition(written.where, text)
        if op in {prog.TrackerOp.COUNT, prog.TrackerOp.BARS} and argument is not None:
            where, argument = self._row_condition(argument, text), None
        valued = op in {prog.TrackerOp.HIGHEST, prog.TrackerOp.LOWEST, prog.TrackerOp.SUM}
        if valued != (argument is not None):
            example = {"bars": "bars", "count": "count(quiet)"}.get(
                op, f"{op}(high)" if valued else f"{op}(bar where quiet)"
            )
            self.findings.error(
                "E009", text.span, f"`{op}` is not written like this", f"write `{example}`"
            )
            return POISON, where
        if argument is None:
            return None, where
        value = self.check.written(argument, text, Level.ROW)
        if value.unit is Unit.BOOL or (op is prog.TrackerOp.SUM and value.is_real):
            self.findings.error("E025", text.span, f"`{op}` cannot keep {article(value)}")
            return POISON, where
        return value, where

    def _row_condition(self, written: syn.Syntax, text: Text) -> ir.Node | None:
        value = self.check.written(written, text, Level.ROW)
        if value.unit not in {Unit.BOOL, Unit.ERROR}:
            self.findings.error(
                "E020",
                text.span.inside(written.start, written.stop),
                f"a condition is needed here, this is {article(value)}",
            )
        return value.node if value.unit is Unit.BOOL else None

    def _require_stage(self, name: Text) -> None:
        stages = list(map(str, self._stage_names()))
        if name not in stages:
            guess = nearest(name, stages)
            known = f"did you mean `{guess}`?" if guess else "the stages are " + ", ".join(stages)
            self.findings.error("E041", name.span, f"there is no stage `{name}`", known)

    def _stage_names(self) -> list[Text]:
        return list(self.spec.setup.stages) if self.spec.setup else []

    # --- the setup -----------------------------------------------------------------------------

    def start(self) -> prog.Start:
        """When candidates begin."""
        setup = self.spec.setup
        if setup is None:
            rules = self.named(self.spec.when or {}, Level.ROW)
            return prog.Start(rules, rising=True, spacing=None, spacing_unit="minutes", captures=())
        section: Start = setup.start
        rules = self.named(section.when, Level.ROW)
        spacing, unit = None, Unit.DURATION
        if section.spacing is not None:
            spacing, unit = self.whole(section.spacing, Level.PARAM, Unit.DURATION, Unit.BARS)
        return prog.Start(
            rules,
            section.fires != "every",
            spacing,
            SPACING_UNITS[unit],
            self._captures(section.capture),
            section.span,
        )

    def always(self) -> tuple[prog.Named, ...]:
        """What ends a candidate in any stage."""
        setup = self.spec.setup
        return self.named(setup.always, Level.CANDIDATE) if setup else ()

    def stages(self) -> tuple[prog.Stage, ...]:
        """The stages, in written order."""
        setup = self.spec.setup
        if setup is None:
            return ()
        return tuple(self._stage(name, stage) for name, stage in setup.stages.items())

    def _stage(self, name: Text, stage: Stage) -> prog.Stage:
        within = None
        if stage.within is not None:
            limit, unit = self.whole(stage.within.limit, Level.PARAM, Unit.DURATION, Unit.BARS)
            within = prog.Deadline(
                limit, SPACING_UNITS[unit], str(stage.within.else_), stage.within.limit.span
            )
        return prog.Stage(
            str(name),
            within,
            self.named(stage.invalidate, Level.CANDIDATE),
            tuple(self._advance(advance) for advance in stage.advance),
            name.span,
        )

    def _advance(self, advance: Advance) -> prog.Advance:
        stages = [str(stage) for stage in self._stage_names()]
        if advance.to != prog.ENTRY and advance.to not in stages:
            guess = nearest(advance.to, [*stages, prog.ENTRY])
            self.findings.error(
                "E041",
                advance.to.span,
                f"there is no stage `{advance.to}`",
                f"did you mean `{guess}`?" if guess else "",
            )
        return prog.Advance(
            str(advance.to),
            prog.ThisBar(advance.this_bar or "skip"),
            self.named(advance.when, Level.CANDIDATE),
            self._captures(advance.capture),
            advance.to.span,
        )

    def _captures(self, captures: Mapping[Text, Text]) -> tuple[prog.Capture, ...]:
        for name in captures:
            held = self.scope.remembered.get(name)
            if held is not None:
                self.check.remember(held)
        return tuple(prog.Capture(str(name), ()) for name in captures)

    def merge(self) -> prog.Merge | None:
        """When two candidates are one setup."""
        section = self.spec.setup.merge if self.spec.setup else None
        if section is None:
            return None
        self._require_stage(section.at)
        for name in section.same:
            held = self.scope.remembered.get(name)
            if held is None or not held.is_tracker or not held.holds_bar:
                self.findings.error(
                    "E002",
                    name.span,
                    f"`{name}` is no tracker that holds a bar",
                    "name trackers such as highest, lowest or latest",
                )
            else:
                held.used = True
        return prog.Merge(
            str(section.at),
            tuple(map(str, section.same)),
            str(section.else_ or "duplicate"),
            section.at.span,
        )

    def overflow_span(self) -> Span:
        """Where the number of candidates is limited."""
        section = self.spec.setup.concurrent if self.spec.setup else None
        return section.max.span if section and section.max else NOWHERE

    def concurrent(self) -> tuple[int, str]:
        """How many candidates may live at once, and the reason for one too many."""
        section = self.spec.setup.concurrent if self.spec.setup else None
        reason = str(section.overflow) if section and section.overflow else "too_many_candidates"
        if section is None or section.max is None:
            return CONCURRENT, reason
        if not re.fullmatch(r"[0-9]{1,4}", section.max) or not 1 <= int(section.max) <= 4096:
            self.findings.error(
                "E001",
                section.max.span,
                f"`{section.max}` is not a number from 1 to 4096",
                "it bounds the memory and the time of a run: 16 is plenty",
            )
            return CONCURRENT, reason
        return int(section.max), reason

    def trackers(self) -> tuple[prog.Tracker, ...]:
        """The trackers with the fields asked of them, each after the one it restarts with."""
        made: dict[str, prog.Tracker] = {}
        for name, track, tracker in self._trackers:
            for stage in track.in_ or ():
                self._require_stage(stage)
            fields = tuple(self.scope.remembered[str(name)].fields.items())
            made[tracker.name] = replace(tracker, fields=fields)
        return tuple(self._in_order(made))

    def _in_order(self, made: dict[str, prog.Tracker]) -> Iterable[prog.Tracker]:
        placed: set[str] = set()
        waiting = list(made.values())
        while waiting:
            ready = [t for t in waiting if t.after is None or t.after in placed]
            for tracker in ready:
                placed.add(tracker.name)
                yield tracker
            waiting = [t for t in waiting if t.name not in placed]
            if not ready:
                self._never_ready(waiting, made)
                return

    def _never_ready(self, waiting: list[prog.Tracker], made: Mapping[str, prog.Tracker]) -> None:
        """Says why trackers have no order: one restarts with nothing known, or some in a circle."""
        for tracker in waiting:
            leader = str(tracker.after)
            held = self.scope.remembered.get(leader)
            if held is None or not held.is_tracker:
                guess = nearest(leader, [name for name in made if name != tracker.name])
                self.findings.error(
                    "E002",
                    tracker.span,
                    f"`{tracker.name}` restarts with `{leader}`, which is no tracker",
                    f"did you mean `{guess}`?" if guess else "name one of `track:`",
                )
                return
        circle = [waiting[0].name]
        while (leader := made[circle[-1]].after or "") in made and leader not in circle:
            circle.append(leader)
        if leader in circle:
            first = made[leader]
            self.findings.error(
                "E031",
                first.span,
                "trackers restart with each other: "
                + " -> ".join([*circle[circle.index(leader) :], leader]),
                "leave out one `after`, so that this one runs on by itself",
            )

    def complete(self, captures: tuple[prog.Capture, ...]) -> tuple[prog.Capture, ...]:
        """Captures with the fields that the whole program asks of them."""
        return tuple(self._complete(capture) for capture in captures)

    def _complete(self, capture: prog.Capture) -> prog.Capture:
        held = self.scope.remembered.get(capture.name)
        if held is None:
            return capture
        fields = dict(held.fields)
        if held.value is not None and not held.value.is_error:
            value = held.value.node
            if held.value.unit is Unit.BOOL:
                value = ir.Choose(value, ir.Const(1), ir.Const(0))
            fields["value"] = value
        return prog.Capture(capture.name, tuple(fields.items()))

    # --- the bracket ---------------------------------------------------------------------------

    def entry(self) -> prog.Entry:
        """The entry order."""
        section = self.spec.entry
        order = prog.OrderType(section.order or "market") if section else prog.OrderType.MARKET
        price: ir.Node | None = None
        valid: ir.Node = ir.Const(1)
        others = ""
        if section is not None:
            if section.price is not None and order is prog.OrderType.MARKET:
                self.findings.error(
                    "E003",
                    section.price.span,
                    "a market order has no price",
                    "say `order: stop` or `order: limit`, or leave the price out",
                )
            elif section.price is not None:
                # to the grid away from a better fill: a stop order further out, a limit further in
                outward = self.above == (order is prog.OrderType.LIMIT)
                price = self.price(section.price, Level.CANDIDATE, up=outward)
            elif order is not prog.OrderType.MARKET:
                self.findings.error(
                    "E004",
                    section.key_span("order"),
                    f"a {order} order needs a price",
                    "add `price:`",
                )
            if section.valid is not None:
                valid, _ = self.whole(section.valid, Level.PARAM, Unit.BARS)
            after = section.after_entry
            if after is not None and after.others == "die":
                others = str(after.else_ or "other_entered")
        return prog.Entry(order, price, valid, others, section.span if section else Text("").span)

    def stops(self) -> tuple[tuple[prog.StopCase, ...], bool]:
        """The places for the stop, and whether they are rounded away from the entry."""
        self.check.stop_is_known, self.check.targets_known = False, 0
        section: Text | Stop = self.spec.stop
        if isinstance(section, str):
            node = self.price(section, Level.SETUP, up=self.above)
            return (prog.StopCase("stop", None, node, section.span),), True
        away = section.round != "toward"
        up = self.above == away
        cases = []
        for case in section.cases:
            asked = self.check.condition(case.if_, Level.SETUP) if case.if_ else None
            price = self.price(case.at, Level.SETUP, up=up)
            cases.append(prog.StopCase(str(case.name), asked, price, case.at.span))
        return tuple(cases), away

    def targets(self) -> tuple[prog.Target, ...]:
        """The places to take profit, on the grid at or beyond the written price."""
        self.check.stop_is_known = True
        section = self.spec.target
        up = not self.above
        if section is None:
            return ()
        if isinstance(section, str):
            node = self.price(section, Level.SETUP, up=up)
            self.check.targets_known = 1
            return (prog.Target("target", node, MILLION, section.span),)
        made = []
        for item in section:
            share = MILLION if item.share is None else self._share(item.share)
            price = self.price(item.at, Level.SETUP, up=up)
            made.append(prog.Target(str(item.name), price, share, item.at.span))
            self.check.targets_known += 1
        if sum(target.share for target in made) != MILLION:
            self.findings.error(
                "E062",
                section[0].at.span,
                f"the shares of the targets add up to {_percent(made)}, not to 100 %",
                "give every target its `share`, the last one the rest",
            )
        return tuple(made)

    def _share(self, text: Text) -> int:
        node = self.millionths(text, Unit.PERCENT)
        if not isinstance(node, ir.Const):
            self.findings.error("E026", text.span, "the share of a target is a fixed percentage")
            return MILLION
        return node.value

    def exits(self) -> prog.Exits:
        """The other ways out."""
        section = self.spec.exits
        if section is None:
            return prog.Exits(None, None, ())
        flat_by = None
        if section.flat_by is not None and section.flat_by not in {"none", "off"}:
            flat_by = str(section.flat_by)
            if flat_by in self.scope.sessions:
                self.scope.used_sessions.add(flat_by)
            else:
                guess = nearest(flat_by, list(self.scope.sessions))
                self.findings.error(
                    "E002",
                    section.flat_by.span,
                    f"unknown session `{flat_by}`",
                    f"did you mean `{guess}`?" if guess else "",
                )
        after = None
        if section.after is not None:
            after, _ = self.whole(section.after, Level.PARAM, Unit.BARS)
        return prog.Exits(
            flat_by,
            after,
            self.named(section.when, Level.ROW),
            self._break_even(),
            self._trail(),
            span_of(section.flat_by),
            span_of(section.after),
        )

    def _break_even(self) -> prog.BreakEven | None:
        section = self.spec.exits.break_even if self.spec.exits else None
        if section is None:
            return None
        offset: ir.Node = ir.Const(0)
        if section.offset is not None:
            offset, _ = self.whole(section.offset, Level.PARAM, Unit.POINTS)
        if section.after in self.scope.targets:
            return prog.BreakEven(self.scope.targets.index(section.after), None, offset)
        return prog.BreakEven(None, self.millionths(section.after, Unit.R), offset)

    def _trail(self) -> prog.Trail | None:
        section = self.spec.exits.trail if self.spec.exits else None
        if section is None:
            return None
        after = self.millionths(section.after, Unit.R) if section.after is not None else None
        return prog.Trail(self.price(section.at, Level.ROW, up=self.above), after)

    # --- risk ----------------------------------------------------------------------------------

    def risk(self) -> prog.Risk:
        """How much to trade, and when not to."""
        section = self.spec.risk
        one: ir.Node = ir.Const(1)

        def share(text: Text | None) -> ir.Node | None:
            return None if text is None else self.millionths(_share_of(text), Unit.PERCENT)

        def count(text: Text | None, default: ir.Node) -> ir.Node:
            if text is None:
                return default
            return self.whole(text, Level.PARAM, Unit.CONTRACTS)[0]

        if section is None:
            fixed = ir.Const(list(prog.Sizing).index(prog.Sizing.FIXED))
            return prog.Risk(
                fixed,
                ir.Const(0),
                one,
                one,
                ir.Const(CONTRACTS_MOST),
                ir.Const(MILLION),
                None,
                None,
                None,
                None,
                None,
                1,
                "too_small",
            )
        positions = 1
        if section.positions is not None and section.positions != "1":
            self.findings.error(
                "E001",
                section.positions.span,
                "one open position at a time is all there is yet",
                "write `positions: 1` or leave it out",
            )
        reduce = section.reduce
        atr = None
        if section.atr is not None:
            atr = to_real(self.check.measured(section.atr, Level.ROW, Unit.POINTS)).node
        elif section.sizing is not None and section.sizing not in NEEDS_NO_ATR:
            atr = to_real(
                self.check.expression(
                    Text("atr(14 bars across days)", section.sizing.span), Level.ROW
                )
            ).node
        return prog.Risk(
            method=self._sizing(section.sizing),
            per_trade=share(section.per_trade) or ir.Const(10_000),
            contracts=count(section.contracts, one),
            minimum=count(section.min, one),
            maximum=count(section.max, ir.Const(CONTRACTS_MOST)),
            kelly_fraction=(
                self.millionths(section.kelly_fraction, Unit.RATIO)
                if section.kelly_fraction is not None
                else ir.Const(MILLION // 2)
            ),
            atr=atr,
            reduce_at=share(reduce.at) if reduce else None,
            reduce_to=share(reduce.to) if reduce else None,
            stop_at=share(section.stop_at),
            daily_loss=share(section.daily_loss),
            positions=positions,
            reason=str(section.else_ or "too_small"),
            rr_min=(
                self.millionths(section.rr_min, Unit.RATIO, Unit.R)
                if section.rr_min is not None
                else None
            ),
        )

    def _sizing(self, text: Text | None) -> ir.Node:
        methods = [str(method) for method in prog.Sizing]
        if text is None:
            return ir.Const(methods.index(prog.Sizing.FIXED_RISK))
        if text in methods:
            return ir.Const(methods.index(text))
        parameter = self.scope.params.get(text)
        choices = parameter.spec.choices if parameter is not None else ()
        if parameter is not None and choices and set(choices) <= set(methods):
            parameter.used = True
            return ir.Param(str(text))
        self.findings.error(
            "E002",
            text.span,
            f"unknown way of sizing `{text}`",
            "write " + ", ".join(methods) + ", or a parameter with these choices",
        )
        return ir.Const(0)

    # --- the rest ------------------------------------------------------------------------------

    def features(self) -> tuple[prog.Feature, ...]:
        """Values written down with each entry."""
        made = []
        for name, text in self.spec.features.items():
            value = self.check.expression(text, Level.SETUP)
            node = value.node
            if value.unit is Unit.BOOL:
                node = ir.Choose(node, ir.Const(1), ir.Const(0))
            made.append(prog.Feature(str(name), node, value.den, text.span))
        return tuple(made)

    def tests(self) -> tuple[prog.Expectation, ...]:
        """The tests the file carries."""
        made = []
        for test in self.spec.tests:
            expected = []
            for item in test.expect:
                found = re.fullmatch(r"(\w+)\s*@\s*(\d{1,2}:\d{2})", item)
                if found is None:
                    self.findings.error(
                        "E063",
                        item.span,
                        f"`{item}` is no expectation",
                        "write what and when: `entry@16:31`",
                    )
                    continue
                expected.append((found[1], found[2].zfill(5)))
            made.append(
                prog.Expectation(
                    str(test.name),
                    str(test.bars),
                    str(test.clock or self.scope.day.zone),
                    prog.Side(test.side or self.written),
                    tuple(expected),
                    test.name.span,
                    tuple((str(name), str(value)) for name, value in test.params.items()),
                )
            )
        return tuple(made)


def _percent(targets: Iterable[prog.Target]) -> str:
    return f"{plain(Fraction(sum(target.share for target in targets), MILLION // 100))} %"


def _captured(text: Text) -> Text | None:
    return None if text == "bar" else text


def _share_of(text: Text) -> Text:
    """`1 % of equity` as `1 %`: every share of the risk block is one of the equity."""
    found = re.fullmatch(r"(.*?)\s+of\s+equity", text)
    return Text(found[1], text.span.inside(0, len(found[1]))) if found else text

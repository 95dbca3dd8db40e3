"""What a check of a strategy's text says: plain values that cross from one process to another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that answers a finding: the characters of one line become `replacement`.

    Lines and columns count from 1; `end_column` is the first column behind. What is `certain` may
    be applied unasked; the others are what was probably meant.
    """

    label: str
    line: int
    column: int
    end_column: int
    replacement: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of the compiler, in the words of the command line.

    `file` is empty for the text itself, else the file it extends. `title` says the code in words.
    """

    code: str
    severity: str
    title: str
    message: str
    help: str
    file: str
    line: int
    column: int
    end_column: int
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """A name that the text declares: for completion and hover.

    `kind` is parameter, session, series, measure, tracker, capture, events, stage or target;
    `type` is its unit in the language's word where that is known; `text` is how it is defined.
    """

    name: str
    kind: str
    type: str
    text: str
    doc: str
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A named condition and where it is written; `line` 0: in a file that is extended."""

    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Way:
    """A way on from a stage."""

    to: str
    this_bar: str
    when: tuple[Rule, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """A stage: its deadline (words and reason, empty without), what ends it, the ways on."""

    name: str
    line: int
    limit: str
    limit_reason: str
    limit_line: int
    invalidate: tuple[Rule, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A program as its diagram shows it. Without `steps` the start is the setup."""

    start: tuple[Rule, ...]
    start_line: int
    fires: str
    always: tuple[Rule, ...]
    steps: tuple[Step, ...]
    entry: str
    entry_line: int
    stops: tuple[Rule, ...]
    targets: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Dial:
    """A parameter's value as a field of a form; `side` is empty where both sides share it.

    `form` is number, choice, switch or time; `value`, `low`, `high` and `step` are as a person
    writes them, without the unit, and empty where there is none. `line` 0: it is not written in
    this text but in the one it extends.
    """

    name: str
    side: str
    form: str
    unit: str
    value: str
    low: str
    high: str
    step: str
    choices: tuple[str, ...]
    doc: str
    line: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a text that compiles says of itself."""

    name: str
    doc: str
    hash: str
    instrument: str
    sides: tuple[str, ...]
    bars: str
    history: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything a page shows of a text.

    `is_thorough`: the proofs about conditions are among the findings; else they are still to come.
    The last four are None or empty where the text does not compile; `names` are what could be read.
    """

    findings: tuple[Finding, ...]
    names: tuple[Declared, ...]
    is_thorough: bool
    summary: Summary | None = None
    sketch: Sketch | None = None
    dials: tuple[Dial, ...] = ()
    extends: str = ""

    def count(self, severity: str) -> int:
        """How many findings are that severe."""
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def worst(self) -> str:
        """The severity of the worst finding, empty without any."""
        found = {finding.severity for finding in self.findings}
        return next((word for word in ("error", "warning", "note") if word in found), "")

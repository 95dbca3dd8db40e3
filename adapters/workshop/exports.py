"""A kept run in the forms people take away: CSV, Parquet, JSON, the journal, one HTML page."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from adapters.quality import inspect
from adapters.report import ConditionLine, report_html, report_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adapters.workshop.results import Opened


@dataclass(frozen=True, slots=True)
class Export:
    """A file to take away."""

    name: str
    media: str
    content: bytes


def export(opened: Opened, form: str, conditions: Sequence[Mapping[str, Any]] = ()) -> Export:
    """A run in one of `FORMS`. Raises `KeyError` for another."""
    ending, media, make = FORMS[form]
    number = opened.folder.path.name
    name = f"{opened.run.program.name}-run-{number}.{ending}"
    return Export(name, media, make(opened, conditions))


def _csv(opened: Opened, _: object) -> bytes:
    """The trades, a line each; money as exact decimals, times in UTC, features of the entry."""
    rows = trade_rows(opened)
    out = io.StringIO(newline="")
    names = list(rows[0]) if rows else list(_EMPTY)
    writer = csv.DictWriter(out, names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    return out.getvalue().encode()


_EMPTY: Final = ("candidate", "side", "contracts", "entered", "left", "entry", "exit", "net", "r")


def _safe(value: object) -> object:
    """A text that a spreadsheet would run is shown to it as a text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=@\t\r" else value


def trade_rows(opened: Opened) -> list[dict[str, Any]]:
    """The trades as records with the features that the strategy wrote down at each entry."""
    features = {
        event.candidate: {
            name: value for name, value in event.values.items() if name not in _OF_ENTRY
        }
        for event in opened.asked.events
        if event.kind == "entry"
    }
    return [
        {**record, **{
            name: None if value is None else _number(value)
            for name, value in features.get(record["candidate"], {}).items()
            if name not in record
        }}
        for record in opened.outcome.trade_records()
    ]  # fmt: skip


_OF_ENTRY: Final = frozenset({"close", "entry", "stop", "stop_case"})


def _number(value: Any) -> Any:
    return value if isinstance(value, (bool, int, str)) else float(value)


def _parquet(opened: Opened, _: object) -> bytes:
    """The same as a Parquet file, with the run's own description in its metadata."""
    import pyarrow as pa  # noqa: PLC0415 - 170 MB that only this form needs
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    rows = trade_rows(opened)
    table = pa.Table.from_pylist(rows) if rows else pa.table({name: [] for name in _EMPTY})
    told = {"program": opened.told["program"], "data": opened.told["data"]}
    table = table.replace_schema_metadata({"engine": json.dumps(told)})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def _json(opened: Opened, conditions: Sequence[Mapping[str, Any]]) -> bytes:
    told = {key: value for key, value in opened.told.items() if key not in {"engine", "curve"}}
    return json.dumps({**told, "conditions": list(conditions)}, ensure_ascii=False).encode()


def _journal(opened: Opened, _: object) -> bytes:
    """Every decision and record, a JSON object a line, as `engine run --events` writes it."""
    from engine.journal.codec import encode  # noqa: PLC0415 - only here

    return "".join(f"{encode(event)}\n" for event in opened.asked.events).encode()


def _html(opened: Opened, conditions: Sequence[Mapping[str, Any]]) -> bytes:
    """The report: one page that needs nothing else."""
    bench, outcome = opened.bench, opened.outcome
    lines = [_line(side["side"], one) for side in conditions for one in side["conditions"]]
    synthetic = " (SYNTHETIC)" if bench.data["synthetic"] else ""
    report = report_of(
        outcome.run, outcome.statistics, outcome.funnel, inspect(bench.market, bench.calendars),
        data=f"{bench.data['name']}{synthetic}", source=bench.sources[0].text, conditions=lines,
    )  # fmt: skip
    return report_html(replace(report, notes=(*bench.notes, *report.notes))).encode()


def _line(side: str, one: Mapping[str, Any]) -> ConditionLine:
    of = f"{one['in']} to {one['to']}" if one["to"] else one["in"]
    near = one["nearest"]
    missing = "" if near is None or near.get("missing") is None else f"{near['missing']:,}"
    return ConditionLine(
        side, of, one["name"], one["asked"], one["false"], one["na"],
        None if one["to"] == "dead" else one["sole"], missing,
    )  # fmt: skip


FORMS: Final[dict[str, tuple[str, str, Callable[[Opened, Any], bytes]]]] = {
    "csv": ("csv", "text/csv; charset=utf-8", _csv),
    "parquet": ("parquet", "application/vnd.apache.parquet", _parquet),
    "json": ("json", "application/json", _json),
    "journal": ("jsonl", "application/jsonl", _journal),
    "html": ("html", "text/html; charset=utf-8", _html),
}
"""Every form by name: the ending of its file, its media type, what makes it."""

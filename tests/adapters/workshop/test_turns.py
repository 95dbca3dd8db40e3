"""Who is checked next where many ask, and what is not looked at any more."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.workshop.checking import COUNTS, Checks
from adapters.workshop.errors import Superseded, TooBusy
from adapters.workshop.examining import Asked
from adapters.workshop.templates import TEMPLATES
from adapters.workshop.turns import NOBODY, Asker, Job, Turns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapters.workshop.checked import Checked

PLAIN = TEMPLATES["plain"].text
PATIENCE = 60


def job(number: int) -> Job:
    return Job((str(number), False), Asked(str(number), "", thorough=False), Future())


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_everybody_has_a_turn_before_anybody_has_a_second_one(people: list[str]) -> None:
    turns = Turns()
    owners = {}
    for number, person in enumerate(people):
        waiting = job(number)
        owners[waiting] = (person, number)
        turns.put(waiting, person)
    assert len(turns) == len(people)
    taken = [owners[found] for found in iter(turns.take, None)]
    assert sorted(number for _, number in taken) == list(range(len(people)))
    for person in set(people):
        own = [number for who, number in taken if who == person]
        assert own == sorted(own), "the older text of a person comes first"
    left = {person: people.count(person) for person in set(people)}
    while taken:
        here = {person for person, count in left.items() if count}
        turn, taken = taken[: len(here)], taken[len(here) :]
        assert {person for person, _ in turn} == here
        left = {person: count - (person in here) for person, count in left.items()}


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=20), st.data())
def test_what_is_dropped_is_never_taken(people: list[str], data: st.DataObject) -> None:
    turns, jobs = Turns(), [job(number) for number in range(len(people))]
    for person, waiting in zip(people, jobs, strict=True):
        turns.put(waiting, person)
    dropped = data.draw(st.sampled_from(jobs))
    assert turns.drop(dropped)
    assert not turns.drop(dropped)
    assert set(iter(turns.take, None)) == set(jobs) - {dropped}
    assert len(turns) == 0


def test_so_many_may_wait_and_so_many_of_one_person() -> None:
    turns = Turns(most=3, of_one=2)
    turns.put(job(0), "a")
    turns.put(job(1), "a")
    with pytest.raises(TooBusy, match="2 texts of yours"):
        turns.put(job(2), "a")
    turns.put(job(3), "b")
    with pytest.raises(TooBusy, match="3 texts wait"):
        turns.put(job(4), "c")
    for number in range(5, 9):
        turns.put(job(number), "")
    turns.take()
    turns.put(job(9), "c")


class Held:
    """Checks by a thread that begins once `gate` is opened; `begun` is what it has looked at."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.gate = Event()
        self.thread = ThreadPoolExecutor(1)
        self.thread.submit(self.gate.wait, PATIENCE)
        patch.setattr(Checks, "_pool", lambda _, __: self.thread)
        self.checks = Checks(folder)
        self.ended: list[str] = []
        self._filled = 0

    def ask(self, text: str, person: str, editor: str = "") -> Future[Checked]:
        answer = self.checks.check(f"{PLAIN}# {text}\n", asker=Asker(person, editor))
        answer.add_done_callback(lambda _: self.ended.append(text))
        return answer

    def fill(self) -> list[Future[Checked]]:
        """Give every process something to do, so that what comes next waits."""
        return [self.ask(f"busy {number}", "somebody") for number in range(COUNTS[False])]

    def open(self, *answers: Future[Checked]) -> list[str]:
        """Let it work until these are answered; what was answered since, in order."""
        self.ended.clear()
        self.gate.set()
        for answer in answers:
            answer.result(PATIENCE)
        return [text for text in self.ended if not text.startswith("busy")]


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    made = Held(tmp_path, monkeypatch)
    yield made
    made.gate.set()
    made.checks.close()
    made.thread.shutdown(wait=True, cancel_futures=True)


def test_of_one_editor_only_the_newest_text_waits(held: Held) -> None:
    busy = held.fill()
    first, second, third = (held.ask(word, "ann", "tab") for word in ("one", "two", "three"))
    other = held.ask("of another tab", "ann", "other")
    for older in (first, second):
        with pytest.raises(Superseded):
            older.result(0)
    assert held.open(*busy, third, other) == ["three", "of another tab"]
    assert third.result(0).worst == ""


def test_what_somebody_else_waits_for_too_is_not_let_go(held: Held) -> None:
    busy = held.fill()
    mine, theirs = held.ask("both", "ann", "tab"), held.ask("both", "bob", "tab")
    newer = held.ask("newer", "ann", "tab")
    held.open(*busy, mine, theirs, newer)
    assert theirs.result(0) is mine.result(0)


def test_the_same_text_again_is_no_newer_one(held: Held) -> None:
    busy = held.fill()
    once, twice = held.ask("same", "ann", "tab"), held.ask("same", "ann", "tab")
    held.open(*busy, once, twice)
    assert once.result(0) is twice.result(0)


def test_a_program_that_sends_many_does_not_hold_up_who_types(held: Held) -> None:
    busy = held.fill()
    many = [held.ask(f"program {number}", "program") for number in range(5)]
    typed = held.ask("typed", "ann", "tab")
    order = held.open(*busy, *many, typed)
    assert order.index("typed") <= 1
    assert [text for text in order if text != "typed"] == [f"program {n}" for n in range(5)]


def test_what_came_without_an_editor_is_never_let_go(held: Held) -> None:
    busy = held.fill()
    answers = [held.checks.check(f"{PLAIN}# {n}\n", asker=NOBODY) for n in range(3)]
    held.open(*busy, *answers)
    assert all(answer.result(0).worst == "" for answer in answers)


def test_who_waits_when_the_page_ends_is_not_answered(held: Held) -> None:
    held.fill()
    waiting = held.ask("late", "ann", "tab")
    held.checks.close()
    assert waiting.cancelled()


def test_too_many_are_told_to_come_back_and_nothing_is_left_of_them(held: Held) -> None:
    held.checks._turns[False] = Turns(most=1)
    busy = held.fill()
    first = held.ask("first", "ann", "tab")
    with pytest.raises(TooBusy):
        held.ask("second", "bob", "tab")
    held.open(*busy, first)
    again = held.ask("second", "bob", "tab")
    assert again.result(PATIENCE).worst == ""

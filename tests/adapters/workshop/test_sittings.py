"""Sittings end by idleness, by age, by number and by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.workshop.errors import BadInput, NotFound
from adapters.workshop.keeper import Keeper
from adapters.workshop.people import People, Person, Role
from adapters.workshop.sittings import BELIEVED, MOST, Sittings, digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3_600_000
PASSWORD = "a-long-enough-one"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(tmp_path: Path, clock: Clock) -> Iterator[Keeper]:
    with Keeper(tmp_path, clock) as made:
        yield made


@pytest.fixture
def olga(keeper: Keeper) -> Person:
    return People(keeper).add("test", "olga", Role.OPERATOR, PASSWORD)


@pytest.fixture
def sittings(keeper: Keeper) -> Sittings:
    return Sittings(keeper, hours=2, most_hours=24)


def test_a_sitting_is_known_by_its_secret_and_kept_as_a_digest(
    sittings: Sittings, olga: Person, tmp_path: Path
) -> None:
    secret = sittings.begin(olga, "here")
    assert sittings.of_cookie(secret) == olga
    assert sittings.of_cookie(secret + "x") is None
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert secret.encode() not in kept
    assert digest(secret).encode() in kept


def test_it_ends_when_nobody_used_it_for_so_long(
    sittings: Sittings, olga: Person, clock: Clock
) -> None:
    secret = sittings.begin(olga, "here")
    clock.now += 2 * HOUR - 1
    assert sittings.of_cookie(secret) == olga
    clock.now += 2 * HOUR - 1
    assert sittings.of_cookie(secret) == olga, "it was used in between"
    clock.now += 2 * HOUR
    assert sittings.of_cookie(secret) is None


def test_however_much_it_is_used_it_ends_some_day(
    sittings: Sittings, olga: Person, clock: Clock
) -> None:
    secret = sittings.begin(olga, "here")
    for _ in range(23):
        clock.now += HOUR
        assert sittings.of_cookie(secret) == olga
    clock.now += HOUR
    assert sittings.of_cookie(secret) is None


def test_what_is_known_is_believed_for_seconds_and_no_longer_than_it_lasts(
    sittings: Sittings, olga: Person, clock: Clock
) -> None:
    secret = sittings.begin(olga, "here")
    assert sittings.known(secret) is None, "it was not asked for yet"
    assert sittings.of_cookie(secret) == olga
    assert sittings.known(secret) == olga
    clock.now += BELIEVED
    assert sittings.known(secret) is None
    clock.now += 2 * HOUR - BELIEVED - 1
    assert sittings.of_cookie(secret) == olga
    clock.now -= 10 * HOUR
    assert sittings.known(secret) is None, "a clock that was set back believes nothing"


def test_signing_in_anew_and_out_ends_the_one_before(sittings: Sittings, olga: Person) -> None:
    first = sittings.begin(olga, "here")
    assert sittings.of_cookie(first) == olga
    second = sittings.begin(olga, "here", instead_of=first)
    assert sittings.known(first) is None
    assert sittings.of_cookie(first) is None
    sittings.end(second)
    assert sittings.known(second) is None
    assert sittings.of_cookie(second) is None
    sittings.end(second)


def test_the_oldest_makes_room(sittings: Sittings, olga: Person, clock: Clock) -> None:
    secrets = []
    for _ in range(MOST + 1):
        clock.now += 1
        secrets.append(sittings.begin(olga, "here"))
    assert sittings.of_cookie(secrets[0]) is None
    assert all(sittings.of_cookie(secret) == olga for secret in secrets[1:])


def test_a_token_opens_until_it_is_ended_by_its_owner(
    sittings: Sittings, olga: Person, keeper: Keeper
) -> None:
    token = sittings.make_token(olga, " sheet ")
    assert sittings.of_token(token) == olga
    assert sittings.of_cookie(token) is None, "a token is no cookie"
    (key,) = sittings.tokens(olga)
    assert (key.label, key.ended) == ("sheet", None)
    vito = People(keeper).add("test", "vito", Role.VIEWER, PASSWORD)
    with pytest.raises(NotFound):
        sittings.end_token(vito, key.id)
    sittings.end_token(olga, key.id)
    assert sittings.known(token) is None
    assert sittings.of_token(token) is None
    with pytest.raises(BadInput):
        sittings.make_token(olga, "  ")
    with pytest.raises(NotFound):
        sittings.end_token(olga, 99)

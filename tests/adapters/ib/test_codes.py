"""Every code in every phase of an order: what is done about it."""

from __future__ import annotations

import pytest

from adapters.ib.codes import CODES, Answer, Change, Meaning, Phase, answer, code_of

REFUSALS = {103, 110, 200, 201, 203}
NAMED = {  # ib.md section 3
    100, 101, 103, 104, 105, 107, 110, 135, 161, 162, 200, 201, 202, 203, 320, 321, 322, 326, 329,
    354, 366, 399, 420, 502, 504, 507, 1100, 1101, 1102, 1300, 2103, 2104, 2105, 2106, 2107, 2108,
    2109, 2110, 2119, 2157, 2158, 10089, 10147, 10148, 10167, 10168, 10197, 10289, 10293, 10349,
}  # fmt: skip

SAID = (202, Phase.ENDED)
"""A cancelled order that the broker has said is cancelled."""


def test_every_code_we_know_of_is_in_the_table() -> None:
    assert set(CODES) >= NAMED


@pytest.mark.parametrize("code", sorted({*CODES, 9876, 1, 99_999}))
@pytest.mark.parametrize("phase", list(Phase))
def test_a_code_refuses_only_a_new_order_and_never_ends_one(code: int, phase: Phase) -> None:
    done = answer(code, phase)
    if phase is Phase.NEW and code in REFUSALS:
        assert done is Answer.REFUSED
    elif code_of(code, names_order=True).meaning is Meaning.NOTICE or (code, phase) == SAID:
        assert done is Answer.NOTE
    else:
        assert done is Answer.ASK


@pytest.mark.parametrize("code", sorted(CODES))
def test_what_a_code_changes_fits_what_it_is_about(code: int) -> None:
    meaning, change = CODES[code].meaning, CODES[code].change
    about = {
        Change.FARM_DOWN: Meaning.DATA,
        Change.FARM_UP: Meaning.DATA,
        Change.DATA_REFUSED: Meaning.DATA,
        Change.LINK_DOWN: Meaning.LINK,
        Change.LINK_KEPT_DATA: Meaning.LINK,
        Change.LINK_LOST_DATA: Meaning.LINK,
        Change.ID_TAKEN: Meaning.LINK,
        Change.TOO_FAST: Meaning.LINK,
    }
    assert change is Change.NONE or about[change] is meaning
    assert CODES[code].says


def test_farms_and_links_mean_what_they_say() -> None:
    assert code_of(2103).change is Change.FARM_DOWN
    assert code_of(2104).change is Change.FARM_UP
    assert code_of(2108).meaning is Meaning.NOTICE
    assert code_of(1101).change is Change.LINK_LOST_DATA
    assert code_of(1102).change is Change.LINK_KEPT_DATA
    assert code_of(9876).meaning is Meaning.NOTICE
    assert code_of(9876, names_order=True).meaning is Meaning.DOUBT

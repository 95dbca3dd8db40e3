"""The store of a sweep: what is added is there, whatever happens; the rest is said in words."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adapters.sweep.store import Identity, OtherStudy, Store, StoreBusy, StoreError

ME = Identity("ab12", {"strategy": "s", "data": "d"}, ("wait", "ratio"), 3, ("net", "sharpe"))
ROOT = Path(__file__).parents[3]

HOLDER = """\
import sys
from pathlib import Path
from adapters.sweep.store import Identity, Store
parts = {'strategy': 's', 'data': 'd'}
me = Identity('ab12', parts, ('wait', 'ratio'), 3, ('net', 'sharpe'))
store = Store(Path(sys.argv[1]), me)
print('open', flush=True)
sys.stdin.read()
"""
"""Opens the store and holds it until it is killed."""

FILLER = """\
import resource, sys
from pathlib import Path
import numpy as np
from adapters.sweep.store import Identity, Store, StoreError
parts = {'strategy': 's', 'data': 'd'}
me = Identity('ab12', parts, ('wait', 'ratio'), 3, ('net', 'sharpe'))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
store = Store(Path(sys.argv[1]), me)
number = 0
try:
    while True:
        sets = [(number + more, 0) for more in range(100)]
        store.add(sets, np.zeros((100, 3, 2)))
        number += 100
except StoreError as refused:
    print(number, refused.message)
"""
"""Fills the store until the system gives it no more room."""


def figures(*firsts: float) -> np.ndarray:
    """Figures of some settings: spans x figures counted up from a first one."""
    return np.stack([np.arange(6, dtype=float).reshape(3, 2) + first for first in firsts])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "a.sweep"


def test_what_was_added_is_there_when_it_is_opened_again(file: Path) -> None:
    with Store(file, ME) as store:
        store.add([(1, 2), (3, -4)], figures(0.5, 7))
    with Store(file, ME) as store:
        store.add([(5, 6)], figures(9))
        tried = store.tried()
    assert set(tried) == {(1, 2), (3, -4), (5, 6)}
    assert np.array_equal(tried[3, -4], figures(7)[0])
    assert not file.with_name("a.sweep-wal").exists()


@given(
    values=arrays(np.float64, (2, 3, 2)),
    settings=st.lists(
        st.tuples(*[st.integers(-(1 << 62), 1 << 62)] * 2), min_size=2, max_size=2, unique=True
    ),
)
def test_figures_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory,
    values: np.ndarray,
    settings: list[tuple[int, int]],
) -> None:
    file = tmp_path_factory.mktemp("bits") / "a.sweep"
    with Store(file, ME) as store:
        store.add(settings, values)
    with Store(file, ME) as store:
        tried = store.tried()
    for setting, wanted in zip(settings, values, strict=True):
        assert tried[setting].tobytes() == wanted.tobytes()


def test_a_setting_that_is_there_keeps_its_first_figures(file: Path) -> None:
    with Store(file, ME) as store:
        store.add([(1, 2)], figures(0))
        store.add([(1, 2), (3, 4)], figures(50, 60))
        assert np.array_equal(store.tried()[1, 2], figures(0)[0])
        assert len(store.tried()) == 2


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (replace(ME, key="x", parts={"strategy": "t", "data": "d"}), r"not the same: strategy\)"),
        (
            replace(ME, key="x", parts={"strategy": "t", "data": "e"}),
            r"not the same: data, strategy\)",
        ),
        (replace(ME, swept=("wait", "other")), r"not the same: swept parameters\)"),
        (replace(ME, spans=1), r"not the same: windows\)"),
        (replace(ME, figures=("net",), spans=3), r"not the same: figures\)"),
    ],
)
def test_results_of_something_else_are_refused_in_words(
    file: Path, other: Identity, says: str
) -> None:
    with Store(file, ME) as store:
        store.add([(1, 2)], figures(0))
    with pytest.raises(OtherStudy, match=says) as refused:
        Store(file, other)
    assert refused.value.remedy == "name another file: --store"
    with Store(file, ME) as store:
        assert len(store.tried()) == 1


def test_a_second_process_is_told_that_the_first_is_writing(file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, file], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as first:  # fmt: skip
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(StoreBusy, match="another process is writing this sweep"):
            Store(file, ME)
        first.send_signal(signal.SIGKILL)
    with Store(file, ME) as store:  # the lock went with the process
        assert not store.tried()


def test_a_file_that_is_no_store_is_left_as_it_is(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("dear diary, " * 1000)
    with pytest.raises(StoreError, match="damaged, or no store of a sweep"):
        Store(file, ME)
    assert file.read_text() == "dear diary, " * 1000


def test_a_database_of_something_else_is_left_as_it_is(file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as base:
        base.execute("CREATE TABLE letters (text)")
    base.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match="a database of something else"):
        Store(file, ME)
    assert file.read_bytes() == before


def test_a_store_of_another_version_is_not_touched(file: Path) -> None:
    Store(file, ME).close()
    with sqlite3.connect(file) as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(StoreError, match=r"another version of the engine \(layout 99\)"):
        Store(file, ME)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE tried SET figures = x'00'",
        "UPDATE tried SET figures = 'text'",
        "UPDATE tried SET setting = '1,2,3'",
        "UPDATE tried SET setting = 'one,2'",
    ],
)
def test_a_damaged_result_is_not_taken_for_one(file: Path, damage: str) -> None:
    with Store(file, ME) as store:
        store.add([(1, 2)], figures(0))
    with sqlite3.connect(file) as base:
        base.execute(damage)
    base.close()
    with Store(file, ME) as store, pytest.raises(StoreError, match="in it is damaged"):
        store.tried()


def test_pages_of_rubbish_in_the_middle_are_said_to_be_damage(file: Path) -> None:
    with Store(file, ME) as store:
        store.add([(number, 0) for number in range(3000)], np.zeros((3000, 3, 2)))
    whole = bytearray(file.read_bytes())
    whole[8192:-4096] = os.urandom(len(whole) - 8192 - 4096)
    file.write_bytes(whole)
    with pytest.raises(StoreError, match="damaged"), Store(file, ME) as store:
        store.tried()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(StoreError, match="it cannot be written: "):
        Store(tmp_path / "a" / "b.sweep", ME)
    with pytest.raises(StoreError, match="it cannot be written: "):
        Store(tmp_path, ME)


def test_a_full_disk_loses_nothing_that_was_kept(file: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FILLER, file], cwd=ROOT, text=True, capture_output=True, check=True
    )
    count, message = ran.stdout.split(" ", 1)
    assert int(count) >= 100
    assert "it could not grow" in message
    assert "what was kept before is safe" in message
    with Store(file, ME) as store:
        assert len(store.tried()) == int(count)

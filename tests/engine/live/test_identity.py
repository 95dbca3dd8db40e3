from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.live.identity import Leg, Role, Signal, leg_of

LEGS = st.builds(
    Leg,
    st.builds(
        lambda a, b, c, d: Signal(a, b, c, d).family,
        st.text(),
        st.integers(),
        st.integers(),
        st.text(),
    ),
    st.sampled_from(Role),
    st.integers(0, 99),
    st.integers(0, 999),
)


@given(LEGS)
def test_a_reference_names_its_leg_and_fits_the_brokers_field(leg: Leg) -> None:
    assert leg_of(leg.ref) == leg
    assert len(leg.ref) <= 24


@given(st.text(max_size=30))
def test_a_reference_that_is_not_ours_names_no_leg(ref: str) -> None:
    found = leg_of(ref)
    assert found is None or found.ref == ref


def test_a_replayed_signal_derives_the_names_it_had() -> None:
    signal = Signal("f00d", 42, 29_460_391, "2026-01-06/short/1")
    assert signal.family == "hzj6iarhfbqij7pp"


@given(st.text(), st.integers(), st.integers(), st.text(), st.integers(0, 3))
def test_another_signal_has_another_name(
    strategy: str, contract: int, minute: int, candidate: str, changed: int
) -> None:
    signal = Signal(strategy, contract, minute, candidate)
    others = (
        Signal(strategy + "x", contract, minute, candidate),
        Signal(strategy, contract + 1, minute, candidate),
        Signal(strategy, contract, minute + 1, candidate),
        Signal(strategy, contract, minute, candidate + "x"),
    )
    assert signal.family != others[changed].family


def test_an_attempt_takes_the_place_of_the_one_before() -> None:
    leg = Leg("a" * 16, Role.STOP, 1)
    assert leg.again.ref == f"{'a' * 16}:S1.1"

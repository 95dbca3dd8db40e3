"""What a running engine says of itself, with something in every part of it."""

from __future__ import annotations

from adapters.live import status as st

WHOLE = st.Status(
    at=1_767_716_464_000,
    state=st.State.LATCHED,
    process=st.Process(7, 1_767_700_000_000, "0.1.0", "slob", "ab" * 8, "/s.yaml", "NQ", True),
    connection=st.Connection(
        is_up=False, since=1_767_716_400_000, host="h", port=4001, client=17, attempts=3,
        trouble="no route",
    ),
    account=st.AccountStands("U1234567", False, "USD", "50123.456", "20000", 1_767_716_460_000),
    market=st.MarketStands("NQH6", 5, "20260320", False, 1, 29_461_940, "25000.25", 1234, "stale"),
    candidates=(
        st.CandidateStands("2026-01-06/short/1", "short", "spike", 1, 29_461_900,
                           {"liq": "25010"}, "close < low"),
    ),
    orders=(st.OrderStands("abc:S0.0", "S", "sell", "stop", 5, 2, "24990", "working", 8, 9),),
    positions=(
        st.PositionStands("abc", "long", 5, "25000", None, ("25050", "25100"), 1_767_716_000_000,
                          "-12.5", False),
    ),
    risk=st.RiskStands("2026-01-06", "-100", "50", "51000", "0.0172", "0.1", "0.2", "0.03", 2, 5,
                       "drawdown_latch", "ann", "lunch"),
    why_not="latched",
    said=tuple(st.Said(1_767_716_464_000, "alarm", f"alarm {k}\n" * 40) for k in range(9)),
    journal="/j.db",
    events=12,
)  # fmt: skip

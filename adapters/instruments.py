"""Instruments known by name, and instruments that a person describes.

Everything is written as decimal text and becomes a `Fraction`, so 0.00005 is 0.00005. Figures are
those of the exchanges' contract specifications in 2025. Some are choices: spot currencies are
counted in mini lots of 10,000, coins one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dsl.ir.program import Instrument
from dsl.nearest import nearest
from dsl.quantities import plain

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnknownInstrument(LookupError):
    """No instrument goes by this name; `suggestions` are names like it."""

    def __init__(self, name: str) -> None:
        """The name asked for."""
        likely = nearest(name, INSTRUMENTS)
        self.name = name
        self.suggestions = (likely,) if likely else ()
        meant = f"did you mean {likely}? " if likely else ""
        super().__init__(
            f"there is no instrument {name} ({meant}known: {', '.join(INSTRUMENTS)}; "
            "any other can be described with symbol, tick, point, multiplier and currency)"
        )


class BadInstrument(ValueError):
    """A description of an instrument that does not describe one; the message says why."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When an exchange trades: its calendar, its clock, and the daily pause the calendar omits.

    `calendar` empty: no calendar of the library has these hours.
    `pause` is from and to in minutes past midnight on the clock of `zone`.
    """

    calendar: str
    zone: str
    pause: tuple[int, int] | None = None


_GLOBEX = Hours("CMES", "America/New_York", (17 * 60, 18 * 60))

HOURS: Final[Mapping[str, Hours]] = {
    "CME": _GLOBEX,
    "CBOT": _GLOBEX,
    "NYMEX": _GLOBEX,
    "COMEX": _GLOBEX,
    "EUREX": Hours("", "Europe/Berlin"),
    "FX": Hours("", "America/New_York"),
    "CRYPTO": Hours("24/7", "UTC"),
}
"""Hours by the name of the exchange, for quality reports and synthetic bars."""

# symbol, exchange, tick, point, multiplier, currency
_FUTURES: Final = """
NQ    CME    0.25      1       20      USD
MNQ   CME    0.25      1       2       USD
ES    CME    0.25      1       50      USD
MES   CME    0.25      1       5       USD
RTY   CME    0.1       1       50      USD
M2K   CME    0.1       1       5       USD
YM    CBOT   1         1       5       USD
MYM   CBOT   1         1       0.5     USD
GC    COMEX  0.1       1       100     USD
MGC   COMEX  0.1       1       10      USD
SI    COMEX  0.005     1       5000    USD
HG    COMEX  0.0005    1       25000   USD
CL    NYMEX  0.01      1       1000    USD
MCL   NYMEX  0.01      1       100     USD
NG    NYMEX  0.001     1       10000   USD
ZN    CBOT   0.015625  1       1000    USD
ZB    CBOT   0.03125   1       1000    USD
6E    CME    0.00005   0.0001  125000  USD
M6E   CME    0.0001    0.0001  12500   USD
6B    CME    0.0001    0.0001  62500   USD
6A    CME    0.00005   0.0001  100000  USD
6C    CME    0.00005   0.0001  100000  USD
6J    CME    0.0000005 0.000001 12500000 USD
FDAX  EUREX  1         1       25      EUR
FDXM  EUREX  1         1       5       EUR
FDXS  EUREX  1         1       1       EUR
FESX  EUREX  1         1       10      EUR
"""

_SPOT: Final = """
EURUSD FX 0.00001 0.0001 10000 USD
GBPUSD FX 0.00001 0.0001 10000 USD
AUDUSD FX 0.00001 0.0001 10000 USD
NZDUSD FX 0.00001 0.0001 10000 USD
USDCAD FX 0.00001 0.0001 10000 CAD
USDCHF FX 0.00001 0.0001 10000 CHF
EURGBP FX 0.00001 0.0001 10000 GBP
USDJPY FX 0.001   0.01   10000 JPY
EURJPY FX 0.001   0.01   10000 JPY
GBPJPY FX 0.001   0.01   10000 JPY
"""

# symbol, exchange, tick, point, multiplier, currency, volume step
_COINS: Final = """
BTCUSD  CRYPTO 0.01       1        1 USD 0.00000001
ETHUSD  CRYPTO 0.01       1        1 USD 0.00000001
BTCPAIR CRYPTO 0.00000001 0.000001 1 BTC 0.00000001
"""

_COIN_PRICE_MAX: Final = 1 << 30
_COIN_VOLUME_MAX: Final = 10**14
"""A million coins a bar at eight decimals."""


def _rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


def _known() -> dict[str, Instrument]:
    found = {}
    for symbol, exchange, tick, point, multiplier, currency in _rows(_FUTURES) + _rows(_SPOT):
        found[symbol] = Instrument(
            symbol, exchange, Fraction(tick), Fraction(point), Fraction(multiplier), currency
        )
    for symbol, exchange, tick, point, multiplier, currency, step in _rows(_COINS):
        found[symbol] = Instrument(
            symbol,
            exchange,
            Fraction(tick),
            Fraction(point),
            Fraction(multiplier),
            currency,
            price_max=_COIN_PRICE_MAX,
            volume_max=_COIN_VOLUME_MAX,
            volume_step=Fraction(step),
        )
    return found


INSTRUMENTS: Final[Mapping[str, Instrument]] = _known()
"""Every known instrument by its symbol."""


def instrument(name: str) -> Instrument:
    """The instrument of that symbol, capitals aside; raises `UnknownInstrument`."""
    found = INSTRUMENTS.get(name.upper())
    if found is None:
        raise UnknownInstrument(name)
    return found


_NEEDED: Final = ("symbol", "tick", "multiplier", "currency")
_FRACTIONS: Final = ("tick", "point", "multiplier", "volume_step")
_WHOLES: Final = ("price_max", "volume_max")
_TEXTS: Final = ("symbol", "exchange", "currency", "roll")
_NUMBER: Final = re.compile(r"\d{1,18}(\.\d{1,18})?(e-\d{1,2})?|\d{1,18}/[1-9]\d{0,17}")
_KEYS: Final = (*_TEXTS, *_FRACTIONS, *_WHOLES)


def described(words: Mapping[str, object]) -> Instrument:
    """The instrument of a mapping read from YAML or JSON; raises `BadInstrument`.

    Needed: symbol, tick, multiplier, currency. `point` is 1 unless given, `exchange` none.
    Numbers may be text (`tick: "0.25"`) or not; a float counts as its shortest decimal text.
    """
    for key in words:
        if key not in _KEYS:
            likely = nearest(str(key), _KEYS)
            meant = f"did you mean {likely}?" if likely else f"known: {', '.join(_KEYS)}"
            raise BadInstrument(f"an instrument has no {key} ({meant})")
    missing = [key for key in _NEEDED if key not in words]
    if missing:
        raise BadInstrument(f"the instrument lacks {', '.join(missing)}")
    values: dict[str, Any] = {"exchange": "", "point": Fraction(1)}
    values |= {key: str(words[key]) for key in _TEXTS if key in words}
    values |= {key: _fraction(key, words[key]) for key in _FRACTIONS if key in words}
    values |= {key: _whole(key, words[key]) for key in _WHOLES if key in words}
    return Instrument(**values)


def description(of: Instrument) -> dict[str, object]:
    """The mapping that `described` turns back into the same instrument."""
    return {
        **{key: getattr(of, key) for key in _TEXTS},
        **{key: _text(getattr(of, key)) for key in _FRACTIONS},
        **{key: getattr(of, key) for key in _WHOLES},
    }


def _text(value: Fraction) -> str:
    decimal = plain(value)
    return decimal if Fraction(decimal) == value else str(value)


def _fraction(key: str, written: object) -> Fraction:
    text = str(written)
    if not _NUMBER.fullmatch(text):
        raise BadInstrument(f"{key} is not a number: {text[:40]}")
    value = Fraction(text)
    if value <= 0:
        raise BadInstrument(f"{key} must be above zero, not {written}")
    return value


def _whole(key: str, written: object) -> int:
    value = _fraction(key, written)
    if value.denominator != 1:
        raise BadInstrument(f"{key} must be a whole number, not {written}")
    return value.numerator

"""Make the sample's file again: `python -m adapters.sample`."""

from __future__ import annotations

from datetime import date

import numpy as np

from adapters.instruments import instrument
from adapters.sample import FILE, FIRST_DATE, LAST_DATE, SEED, SYMBOL, encode
from adapters.synth import synthesize

first, last = date.fromisoformat(FIRST_DATE), date.fromisoformat(LAST_DATE)
np.save(FILE, encode(synthesize(instrument(SYMBOL), first, last, SEED)))

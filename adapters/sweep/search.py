"""`--search optuna`: sets proposed by a tree-structured Parzen estimator instead of a grid.

Source: Bergstra, Bardenet, Bengio & Kegl, Algorithms for Hyper-Parameter Optimization (2011), as
optuna's `TPESampler` has it. Sets are asked for in batches of one size, however many jobs there
are, and the answers told in order: the same seed proposes the same sets on any machine, so an
interrupted search goes on by asking again, and finds the answers it had in the store.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from adapters.sweep.grid import WrittenAxis
    from adapters.sweep.store import Setting

BATCH: Final = 16
"""Sets asked for at once: they run beside each other, and the sampler learns from all of them."""


class NoOptuna(Exception):
    """The extra that brings optuna is not installed."""


def search(
    axes: Sequence[WrittenAxis],
    trials: int,
    seed: int,
    *,
    maximize: bool,
    values_of: Callable[[Sequence[Setting]], Sequence[float]],
) -> Iterator[tuple[Setting, ...]]:
    """Propose `trials` sets in batches, and learn from the value of each (NaN: it has none).

    Yields each batch once its values are known. Raises `NoOptuna`.
    """
    optuna = _optuna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        study = optuna.create_study(
            direction="maximize" if maximize else "minimize", sampler=sampler
        )
    for first in range(0, trials, BATCH):
        size = min(BATCH, trials - first)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asked = [study.ask() for _ in range(size)]
            batch = tuple(_setting(axes, trial) for trial in asked)
        values = values_of(batch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for trial, value in zip(asked, values, strict=True):
                if math.isfinite(value):
                    study.tell(trial, value)
                else:
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
        yield batch


def _setting(axes: Sequence[WrittenAxis], trial: Any) -> Setting:
    """What a trial proposes: a place on each axis."""
    return tuple(
        axis.values[
            trial.suggest_int(axis.name, 0, len(axis.values) - 1)
            if axis.ordered
            else trial.suggest_categorical(axis.name, range(len(axis.values)))
        ]
        for axis in axes
    )


def _optuna() -> Any:
    try:
        import optuna  # noqa: PLC0415 - an extra, and a second to load
    except ImportError:
        raise NoOptuna from None
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    return optuna

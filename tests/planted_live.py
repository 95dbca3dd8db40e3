"""Mistakes to plant in the live part: names, books, reconcile, desk, positions, journal.

Each is one that a desk in a hurry makes, several are ones that this one made. See
`tests.planted_bugs`, which plants them.
"""

from __future__ import annotations

from typing import Final

from tests.support.planting import Bug

NAMES: Final = ("tests/engine/live/test_identity.py",)
BOOKS: Final = ("tests/engine/live/test_books.py",)
TABLE: Final = ("tests/engine/live/test_reconcile.py",)
WANTED: Final = ("tests/engine/live/test_wanted.py",)
FLOOR: Final = ("tests/engine/live/test_floor.py",)
HEIRS: Final = ("tests/engine/live/test_program_change.py",)
STEWARDS: Final = ("tests/engine/live/test_stewards.py",)
CHANGED: Final = ("tests/adapters/live/test_program_change.py",)
RECIPES: Final = ("tests/adapters/live/test_recipes.py",)
NAMED: Final = ("tests/engine/live/test_named_bugs.py",)
DESK: Final = ("tests/engine/live/test_desk.py",)
TORN: Final = ("tests/engine/live/test_torn.py",)
FEEDS: Final = ("tests/adapters/live/test_feeds.py", "-k", "nobody_trades and steps")
WAITING: Final = ("tests/engine/live/test_waiting.py",)
JOURNAL: Final = ("tests/adapters/database/test_journal.py", "-k", "sqlite or not server")

LIVE: Final = (
    Bug(
        "an order that replaces another has its name",
        "engine/live/identity.py",
        'return f"{self.family}:{self.role}{self.number}.{self.attempt}"',
        'return f"{self.family}:{self.role}{self.number}.0"',
        NAMES,
    ),
    Bug(
        "setups of two bars share a name",
        "engine/live/identity.py",
        "{self.strategy}|{self.contract}|{self.minute}|{self.candidate}",
        "{self.strategy}|{self.contract}|{self.candidate}",
        NAMES,
    ),
    Bug(
        "a stop that sleeps under its parent protects",
        "engine/live/situation.py",
        "            and order.state is OrderState.WORKING\n",
        "            and not order.state.is_over\n",
        TABLE,
    ),
    Bug(
        "stops that share a group protect twice",
        "engine/live/situation.py",
        "max(order.remaining, largest.get(leg.number, 0))",
        "order.remaining + largest.get(leg.number, 0)",
        TABLE,
    ),
    Bug(
        "one order under two lasting numbers goes unseen",
        "engine/live/situation.py",
        "if any(count > 1 for count in references.values()):",
        "if any(count > 2 for count in references.values()):",
        TABLE,
    ),
    Bug(
        "an old revision of an execution wins",
        "engine/live/family.py",
        "one.revision >= before.revision",
        "one.revision <= before.revision",
        (*TABLE, *BOOKS),
    ),
    Bug(
        "more that went out is not counted against what came back",
        "engine/live/family.py",
        "one.contracts if one.action is not self.action else -one.contracts",
        "one.contracts",
        DESK,
    ),
    Bug(
        "an order that one snapshot misses is gone",
        "engine/live/judgement.py",
        "if Act.ASK_AGAIN in found.acts and self._is_early(family, situation):",
        "if False:",
        NAMED,
    ),
    Bug(
        "a position that comes back after its end is left alone",
        "engine/live/reconcile.py",
        "        _S.EXPOSED: _to(_P.CLOSING, _A.FLATTEN, _A.LATCH),\n",
        "        _S.EXPOSED: _OK,\n",
        TABLE,
    ),
    Bug(
        "a contract nothing was traded on may hold anything",
        "engine/live/reconcile.py",
        "explained = dict.fromkeys(contracts, 0)",
        "explained: dict[int, int] = {}",
        DESK,
    ),
    Bug(
        "a position nobody explains is explained by a fill",
        "engine/live/judgement.py",
        "            page.latch(page.unexplained)\n",
        "            pass\n",
        DESK,
    ),
    Bug(
        "orders of somebody else do not matter",
        "engine/live/guard.py",
        "        (bool(now.strangers), now.strangers),\n",
        "",
        DESK,
    ),
    Bug(
        "the last reason for a latch counts",
        "engine/live/books.py",
        "latch=books.latch or reason",
        "latch=reason",
        BOOKS,
    ),
    Bug(
        "a setup may be planned twice",
        "engine/live/books.py",
        "    if family.name in books.families:\n",
        "    if not family.name:\n",
        BOOKS,
    ),
    Bug(
        "every mark begins a day",
        "engine/live/books.py",
        "start = self.start if date == self.date else equity",
        "start = equity",
        BOOKS,
    ),
    Bug(
        "an order is sent that is not written down",
        "engine/live/page.py",
        "        self.record(ev.Sending(self.at, asked.leg.ref, number))\n",
        "",
        DESK,
    ),
    Bug(
        "every leg of a bracket transmits",
        "engine/live/page.py",
        "transmit=ref == last",
        "transmit=True",
        DESK,
    ),
    Bug(
        "stops end with the day",
        "engine/live/page.py",
        'lasts="DAY" if opens else "GTC"',
        'lasts="DAY"',
        DESK,
    ),
    Bug(
        "numbers roll back with the broker's",
        "engine/live/page.py",
        "max(self.books.highest_number + 1, self.next_number)",
        "max(1, self.next_number)",
        NAMED,
    ),
    Bug(
        "a bracket is sent again under new numbers",
        "engine/live/page.py",
        "return known or max(",
        "return max(",
        NAMED,
    ),
    Bug(
        "all of half a bracket is sent once more",
        "engine/live/page.py",
        "            if ref not in there:\n",
        "            if ref:\n",
        TORN,
    ),
    Bug(
        "half a bracket is completed when the market was at its prices",
        "engine/live/meanwhile.py",
        "if high is None or low is None or high == low:",
        "if high is None or low is None or high >= low:",
        TORN,
    ),
    Bug(
        "half a bracket of which an order can be filled is completed",
        "engine/live/situation.py",
        "    return entry and asleep and all(",
        "    return entry and all(",
        TORN,
    ),
    Bug(
        "a bracket is completed before it is known what else is there",
        "engine/live/judgement.py",
        "        self._add_up(holdings)\n"
        "        for family in list(self._page.books.families.values()):\n"
        "            self._judge(family, holdings)\n",
        "        for family in list(self._page.books.families.values()):\n"
        "            self._judge(family, holdings)\n"
        "        self._add_up(holdings)\n",
        TORN,
    ),
    Bug(
        "a way out that is refused is tried without a rest",
        "engine/live/page.py",
        "self.policy.armed_within * 2 **",
        "0 * 2 **",
        DESK,
    ),
    Bug(
        "an answer to an earlier question counts",
        "engine/live/desk.py",
        "if word.number != self._asked:",
        "if not self._asked:",
        DESK,
    ),
    Bug(
        "a word that comes late brings an order back",
        "engine/live/desk.py",
        "if kept.state.is_over and not order.state.is_over:",
        "if not kept.state:",
        DESK,
    ),
    Bug(
        "an error ends an order that lives",
        "engine/live/desk.py",
        "        if not told_of(page.books, family)[ref]:\n",
        "        if ref:\n",
        NAMED,
    ),
    Bug(
        "nothing is asked when the link is back",
        "engine/live/desk.py",
        "                page.forget_alerts()\n                self._ask()\n",
        "                page.forget_alerts()\n",
        DESK,
    ),
    Bug(
        "orders are sent over a link that is down",
        "engine/live/desk.py",
        "        if self._link:\n            self._questions += 1\n",
        "        if self.books:\n            self._questions += 1\n",
        DESK,
    ),
    Bug(
        "a halt leaves entries at the broker",
        "engine/live/positions.py",
        "reason = books.latch or books.halt or",
        "reason = books.latch or",
        DESK,
    ),
    Bug(
        "a fill that the account refuses is kept",
        "engine/live/positions.py",
        '        if reason:\n            page.move(family, Phase.CLOSING, "", reason)\n'
        "        return bool(reason)\n",
        "        return bool(reason)\n",
        DESK,
    ),
    Bug(
        "what could not be protected is flattened without a latch",
        "engine/live/positions.py",
        '            page.latch(f"{family.signal.candidate} could not be protected")\n',
        "",
        DESK,
    ),
    Bug(
        "too many contracts went out and stay out",
        "engine/live/positions.py",
        "if family.held == 0 or coming or living:",
        "if family.held <= 0 or coming or living:",
        DESK,
    ),
    Bug(
        "a position of another program outlives its session",
        "engine/live/positions.py",
        "return Wish(_last_stop(family), _sent_targets(family), out=late)",
        "return Wish(_last_stop(family), _sent_targets(family), out=False)",
        HEIRS,
    ),
    Bug(
        "a new program enters beside the old one's position",
        "engine/live/guard.py",
        "        (bool(now.left_behind), now.left_behind),\n",
        "",
        HEIRS,
    ),
    Bug(
        "a position of another program lies in this one's places",
        "engine/live/wanted.py",
        "    parts[last] += family.entered - sum(parts)\n",
        "",
        HEIRS,
    ),
    Bug(
        "the old stop goes before the new one is armed",
        "engine/live/wanted.py",
        "(armed or not self._is(Role.STOP, one))",
        "(armed or one.permanent)",
        (*WANTED, *DESK),
    ),
    Bug(
        "a move that is refused is asked for again and again",
        "engine/live/wanted.py",
        "((self._is_armed or wish.out) and",
        "(wish.out and",
        DESK,
    ),
    Bug(
        "a way out is in no group",
        "engine/live/trader.py",
        "    of = of or group(leg.family, leg.number)\n",
        "    of = of if leg.role is not Role.EXIT else leg.ref\n",
        WANTED,
    ),
    Bug(
        "what got lost counts as refused",
        "engine/live/judgement.py",
        "page.write_off(family, ref, OrderState.LOST)",
        "page.write_off(family, ref, OrderState.REJECTED)",
        DESK,
    ),
    Bug(
        "patience begins anew with every look",
        "engine/live/protect.py",
        "return self if name in self.since else replace(",
        "return replace(",
        ("tests/engine/live/test_protect.py",),
    ),
    Bug(
        "a repair that was refused is tried again",
        "engine/live/protect.py",
        "hopeless = failed.refused > 0 or failed.lost >= LOST_TWICE",
        "hopeless = failed.lost >= LOST_TWICE",
        ("tests/engine/live/test_protect.py",),
    ),
    Bug(
        "a crash makes a lost repair forgotten",
        "engine/live/protect.py",
        "hopeless = failed.refused > 0 or failed.lost >= LOST_TWICE",
        "hopeless = failed.refused > 0",
        ("tests/engine/live/test_protect.py",),
    ),
    Bug(
        "a latch does not stop entries",
        "engine/live/guard.py",
        '        (bool(books.latch), f"latched: {books.latch}"),\n',
        "",
        DESK,
    ),
    Bug(
        "one entry too many a day",
        "engine/live/guard.py",
        "return sent >= policy.entries_a_day",
        "return sent > policy.entries_a_day",
        DESK,
    ),
    Bug(
        "a bar that closed long ago brings an entry",
        "engine/live/guard.py",
        '        (now.at - now.closed > policy.fresh, "the bar closed too long ago"),\n',
        "",
        DESK,
    ),
    Bug(
        "executions are counted again after a restart",
        "engine/live/entries.py",
        "self._booked = set(step.booked)",
        "self._booked = set()",
        DESK,
    ),
    Bug(
        "a bar is traded on what was filled after it",
        "engine/live/entries.py",
        "one.key not in self._booked and one.minute < over",
        "one.key not in self._booked and over",
        DESK,
    ),
    Bug(
        "the account's latch is in no journal",
        "engine/live/entries.py",
        "        if (records[:, out.KIND] == Kind.LATCH).any():\n",
        "        if len(records) < 0:\n",
        DESK,
    ),
    Bug(
        "an entry at two prices is rounded in our favour",
        "engine/live/floor.py",
        "return ceil(mean) if sign > 0 else floor(mean)",
        "return floor(mean) if sign > 0 else ceil(mean)",
        FLOOR,
    ),
    Bug(
        "part of an entry counts as all of it",
        "engine/live/floor.py",
        "return Deal(entered, worth, entered > 0 and not final, tuple(_merged(ways)))",
        "return Deal(entered, worth, False, tuple(_merged(ways)))",
        FLOOR,
    ),
    Bug(
        "a stored event may lack a field",
        "engine/live/codec.py",
        "- _ADDED.get(kind, frozenset())",
        "- set(hints)",
        BOOKS,
    ),
    Bug(
        "events of one call are written one by one",
        "adapters/database/journal.py",
        "                connection.execute(self._write.event, rows.event_row(seq, event))\n",
        "                connection.execute(self._write.event, rows.event_row(seq, event))\n"
        '                connection.exec_driver_sql("COMMIT")\n'
        '                connection.exec_driver_sql("BEGIN IMMEDIATE")\n',
        JOURNAL,
    ),
    Bug(
        "a setup of long ago enters again",
        "adapters/database/journal.py",
        "                    _check_new(connection, event.family.name)\n",
        "                    pass\n",
        JOURNAL,
    ),
    Bug(
        "5-second bars wait for a word after the last one",
        "adapters/ib/assembler.py",
        "draft.is_complete or ",
        "",
        FEEDS,
    ),
    Bug(
        "a waiting setup holds the first bar of a tally as its last",
        "engine/live/waiting.py",
        "    return Held(row, last)\n",
        "    return Held(row, row)\n",
        WAITING,
    ),
    Bug(
        "an extreme is looked for from the candidate's first bar on only",
        "engine/live/waiting.py",
        "range(last, first - 1, -1)",
        "range(last, last - 1, -1)",
        WAITING,
    ),
    Bug(
        "a program of before decides anew",
        "engine/live/stewards.py",
        "        trader.decide_no_more()\n",
        "",
        STEWARDS,
    ),
    Bug(
        "a program of before does not hear of the bars between",
        "engine/live/stewards.py",
        "        for bar in earlier.bars:\n            self.take(bar)\n",
        "",
        (*STEWARDS, *CHANGED),
    ),
    Bug(
        "a program of before is laid down before its account knows the end",
        "engine/live/stewards.py",
        "        if self.entries.due or trader.account.open_positions:\n",
        "        if self.entries.due:\n",
        STEWARDS,
    ),
    Bug(
        "an account that does not know its end is left so",
        "engine/live/stewards.py",
        "return (opened | unaware | books.leading) - {own}",
        "return (opened | books.leading) - {own}",
        STEWARDS,
    ),
    Bug(
        "what another program opened is led by the one that trades now",
        "engine/live/positions.py",
        "return self._earlier.get(family.signal.strategy, self._trader)",
        "return self._trader",
        (*STEWARDS, *CHANGED),
    ),
    Bug(
        "what a program did not decide while it led is offered when it comes back",
        "engine/live/trader.py",
        '        book[at.NEXT_OFFER] = np.searchsorted(intents.row, row, side="right")\n',
        "",
        STEWARDS,
    ),
    Bug(
        "any text that compiles leads what is open",
        "adapters/live/recipes.py",
        "    if found != recipe.strategy:\n",
        "    if not found:\n",
        (*RECIPES, *CHANGED),
    ),
    Bug(
        "a program is made again for the instrument of the table",
        "adapters/live/recipes.py",
        "instruments={**INSTRUMENTS, recipe.instrument.symbol: recipe.instrument},",
        "instruments=INSTRUMENTS,",
        RECIPES,
    ),
    Bug(
        "the account of a program that leads is forgotten when another one trades",
        "adapters/database/reader.py",
        "if has_traded and wanted <= newest.keys():",
        "if has_traded:",
        JOURNAL,
    ),
    Bug(
        "a program that leads is forgotten by a restart",
        "adapters/database/journal.py",
        "return kept | (now.leading ^ before.leading)",
        "return kept",
        JOURNAL,
    ),
    Bug(
        "the journal of another account is gone on with",
        "adapters/live/plan.py",
        "    if owner and account and owner != account:\n",
        "    if owner and account and owner[0] != account[0]:\n",
        CHANGED,
    ),
    Bug(
        "an order too late for its group was refused",
        "engine/live/standing.py",
        "return {ref for ref in rejected if not came_too_late(family, ref)}",
        "return set(rejected)",
        ("tests/proofs/test_joined_late.py", "-k", "stop"),
    ),
    Bug(
        "the targets of a bar are booked by their numbers alone",
        "engine/live/floor.py",
        "in _opening_first(show.taken(book[start + at.INTENT]), first):",
        "in show.taken(book[start + at.INTENT]):",
        FLOOR,
    ),
    Bug(
        "what turns a position back is withdrawn with the rest",
        "engine/live/judgement.py",
        "for leg, order in living if not _turns_back(family, leg, order))",
        "for _leg, order in living)",
        DESK,
    ),
    Bug(
        "executions of an answer are counted in lots twice",
        "adapters/ib/line.py",
        "if not self.questions.part(about, execution):",
        "if not self.questions.part(about, self.in_lots(execution)):",
        ("tests/proofs/test_venue_law.py", "-k", "currency_pair"),
    ),
)

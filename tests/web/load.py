"""`python -m tests.web.load [SECONDS]`: fifty people watch, twenty type, on this machine.

A real `engine web` process; a live engine that says something new four times a second, over its
real socket. Each typist changes the text somewhere, at times leaving half a word, and has it
checked a second after the last answer; like the editor, it asks for the proofs once nobody has
typed for a while, and no longer waits for them when somebody does. Prints what they felt, what all
twenty felt when they asked at the same instant, and what a check cost each process. The
typists and those who watch are on the same cores as the page.

Exit status 1 where a stream was lost or the 95th percentile is not under 100 ms.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING

import httpx

from adapters.live.status import as_bytes
from adapters.workshop.keeper import Keeper
from adapters.workshop.people import People, Person, Role
from adapters.workshop.sittings import Sittings
from tests.web.test_health import STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator

STRATEGIES = Path(__file__).parents[2] / "strategies"
TEXT = (STRATEGIES / "slob_5_1.yaml").read_text(encoding="utf-8")
WATCHERS, TYPISTS = 50, 20
PAUSE = 1.0
LATER = 0.35
"""Seconds without a key after which the editor asks for the proofs."""
BURSTS = 10
ALONE = 60
SETTLED = 3.0
"""Seconds for which people only watch."""
BOUND = 0.100


@dataclass
class Watched:
    """What one stream brought: how many lines, and the longest silence (seconds)."""

    events: int = 0
    silence: float = 0.0
    is_lost: bool = False


@dataclass
class Felt:
    """How long checks took, in seconds."""

    spent: list[float] = field(default_factory=list)

    def share(self, part: float) -> float:
        """The time within which this share was answered."""
        ordered = sorted(self.spent)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def __str__(self) -> str:
        if not self.spent:
            return "none"
        told = [f"{name} {1000 * self.share(part):.0f} ms" for name, part in PARTS]
        return f"{len(self.spent):,} checks: {', '.join(told)}"


PARTS = (("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("longest", 1.0))


async def engine(path: Path) -> asyncio.Server:
    """Something that answers as a live engine does, and is never twice the same."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        with suppress(OSError, asyncio.CancelledError):
            asked = json.loads(await reader.readline())
            while True:
                number += 1
                now = time.time_ns() // 1_000_000
                status = replace(STATUS, at=now, events=number)
                line = {"ok": True, "status": json.loads(as_bytes(status))}
                writer.write(json.dumps(line).encode() + b"\n")
                await writer.drain()
                if asked["do"] != "watch":
                    break
                await asyncio.sleep(0.25)
        writer.close()

    return await asyncio.start_unix_server(serve, path)


def signed_in(folder: Path) -> list[str]:
    """A token for each who comes, and the workshop they come to."""
    with Keeper(folder) as keeper:
        people, sittings = People(keeper), Sittings(keeper)
        person: Person = people.add("load", "olga", Role.OPERATOR, "correct-horse-battery")
        return [sittings.make_token(person, f"{number}") for number in range(TYPISTS)]


async def watch(client: httpx.AsyncClient, until: float) -> Watched:
    """One who watches, to the end."""
    found, last = Watched(), time.perf_counter()
    try:
        async with client.stream("GET", "/live/stream", timeout=15) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    now = time.perf_counter()
                    found.silence = max(found.silence, now - last)
                    found.events, last = found.events + 1, now
                if time.perf_counter() >= until:
                    return found
    except httpx.HTTPError:
        pass
    found.is_lost = True
    return found


def texts(seed: int) -> Iterator[str]:
    """What somebody types: a number, half a line, a remark; never twice the same text."""
    luck = random.Random(seed)
    number = re.compile(r"\b\d+(?= (?:min|pt|%|bars))")
    lines = TEXT.splitlines(keepends=True)
    while True:
        at, remark = luck.choice(list(number.finditer(TEXT))), f"  # {luck.randrange(10**9)}\n"
        other = int(at[0]) + luck.choice((-1, 1, 2))
        yield f"{TEXT[: at.start()]}{other}{TEXT[at.end() :]}{remark}"
        line = luck.randrange(len(lines))
        cut = lines[line][: luck.randrange(len(lines[line]))]
        yield "".join([*lines[:line], cut, remark, *lines[line + 1 :]])
        yield "".join([*lines[:line], lines[line].rstrip(), remark, *lines[line + 1 :]])


async def check(
    client: httpx.AsyncClient, text: str, *, editor: str = "", thorough: bool = False
) -> float:
    """Have a text checked; the seconds that took."""
    began = time.perf_counter()
    asked = {"text": text, "thorough": thorough, "editor": editor}
    answer = await client.post("/api/language/check", json=asked, timeout=30)
    answer.raise_for_status()
    return time.perf_counter() - began


async def type_on(
    client: httpx.AsyncClient, seed: int, until: float, felt: Felt, proven: Felt
) -> None:
    """One who types, and waits for what is said of it before typing on."""
    await asyncio.sleep(PAUSE * random.Random(seed).random())
    editor = f"tab {seed}"
    for text in texts(seed):
        if time.perf_counter() >= until:
            return
        felt.spent.append(await check(client, text, editor=editor))
        typed_on = asyncio.get_running_loop().time() + PAUSE
        await asyncio.sleep(LATER)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(typed_on):
                proven.spent.append(await check(client, text, editor=editor, thorough=True))
        await asyncio.sleep(max(0.0, typed_on - asyncio.get_running_loop().time()))


def spent_by(page: int) -> dict[str, float]:
    """Seconds of the cores that the page and its processes have used, by what they do."""
    found = dict.fromkeys(ROLES, 0.0)
    for number, role in ((page, "page"), *((child, "") for child in children_of(page))):
        with suppress(OSError):
            words = Path(f"/proc/{number}/stat").read_text("utf-8").rpartition(")")[2].split()
            nice = int(words[16])
            name = role or ("proofs" if nice else "checks")
            found[name] += (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return found


def children_of(process: int) -> set[int]:
    """The processes that a process has started."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return {int(word) for task in tasks for word in task.read_text("utf-8").split()}


ROLES = ("page", "checks", "proofs")


@dataclass
class Measured:
    """What everybody felt, and what `counted` prompt checks cost, in seconds by process."""

    watched: list[Watched]
    alone: Felt
    typed: Felt
    proven: Felt
    together: Felt
    cost: dict[str, float]
    watching: float


async def measured(address: str, tokens: list[str], seconds: float, page: int) -> Measured:
    """Everybody at once for so long; then the typists in step."""
    limits = httpx.Limits(max_connections=WATCHERS + TYPISTS + 10)
    bearers = [{"authorization": f"Bearer {token}"} for token in tokens]
    async with httpx.AsyncClient(base_url=address, limits=limits, headers=bearers[0]) as seen:
        clients = [httpx.AsyncClient(base_url=address, headers=one) for one in bearers]
        for number, client in enumerate(clients):  # the first check finds everything cold
            await check(client, f"{TEXT}\n# warm {number}\n")
        changed = texts(-1)
        before = spent_by(page)
        alone = Felt([await check(clients[0], next(changed)) for _ in range(ALONE)])
        cost = {name: (spent_by(page)[name] - before[name]) / ALONE for name in ROLES}
        until = time.perf_counter() + seconds + SETTLED
        watching = [asyncio.create_task(watch(seen, until + 3)) for _ in range(WATCHERS)]
        before = spent_by(page)
        await asyncio.sleep(SETTLED)
        watched_for = (spent_by(page)["page"] - before["page"]) / SETTLED
        typed, proven, together = Felt(), Felt(), Felt()
        await asyncio.gather(
            *(type_on(one, number, until, typed, proven) for number, one in enumerate(clients))
        )
        for burst in range(BURSTS):
            asked = (check(one, f"{TEXT}\n# {burst} {n}\n") for n, one in enumerate(clients))
            together.spent += await asyncio.gather(*asked)
        watched = await asyncio.gather(*watching)
        for client in clients:
            await client.aclose()
    return Measured(list(watched), alone, typed, proven, together, cost, watched_for)


async def main(seconds: float) -> int:
    """Measure and print; the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokens = signed_in(folder / "workshop")
        listening = await engine(folder / "engine.sock")
        words = ["--folder", str(folder / "workshop"), "--strategies", str(STRATEGIES)]
        words += ["--socket", str(folder / "engine.sock"), "--journal", str(folder / "live.db")]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "adapters.cli", "web", "--json", "--port", "0", *words),
            stdout=PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            address = json.loads(await process.stdout.readline())["address"]
        try:
            found = await measured(address, tokens, seconds, process.pid)
        finally:
            process.terminate()
            async with asyncio.timeout(30):
                await process.wait()
            listening.close()
    lost = sum(one.is_lost for one in found.watched)
    events = [one.events for one in found.watched]
    silence = max(one.silence for one in found.watched)
    cost = ", ".join(f"{name} {1000 * found.cost[name]:.1f} ms" for name in ("page", "checks"))
    told = (
        f"{os.cpu_count()} cores, load {' '.join(f'{one:.1f}' for one in os.getloadavg())}",
        f"one alone: {found.alone}; a check costs {cost}",
        f"{TYPISTS} who type, a check every {PAUSE:g} s after the last: {found.typed}",
        f"their proofs, {LATER:g} s later: {found.proven}",
        f"{TYPISTS} at the same instant, {BURSTS} times: {found.together}",
        f"{WATCHERS} who watch: {lost} streams lost, {min(events):,} lines or more each",
        f"longest silence {silence:.2f} s; alone they cost {1000 * found.watching:.0f} ms a second",
    )
    sys.stdout.write("\n".join(told) + "\n")
    return int(lost > 0 or found.typed.share(0.95) >= BOUND)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 20)))

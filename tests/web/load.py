"""`python -m tests.web.load [SECONDS]`: fifty people watch, twenty type, on this machine.

A real `engine web` process; a live engine that says something new four times a second, over its
real socket. Each typist changes the text and has it checked a second after the last answer, as
the editor does when typing pauses. Prints what they felt, and what all twenty felt when they asked
at the same instant.

Exit status 1 where a stream was lost or the 95th percentile is not under 100 ms.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
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
    from collections.abc import AsyncIterator

STRATEGIES = Path(__file__).parents[2] / "strategies"
TEXT = (STRATEGIES / "slob_5_1.yaml").read_text(encoding="utf-8")
WATCHERS, TYPISTS = 50, 20
PAUSE = 1.0
BURSTS = 10
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


def texts(seed: int) -> AsyncIterator[str]:
    """What somebody types: never twice the same, and at times wrong."""

    async def typed() -> AsyncIterator[str]:
        luck = random.Random(seed)
        while True:
            number = luck.randrange(10**9)
            wrong = f"\nwrong{number}: 1\n" if luck.random() < 0.3 else ""
            yield f"{TEXT}\n# {number}\n{wrong}"

    return typed()


async def check(client: httpx.AsyncClient, text: str) -> float:
    """Have a text checked; the seconds that took."""
    began = time.perf_counter()
    answer = await client.post("/api/language/check", json={"text": text}, timeout=30)
    answer.raise_for_status()
    return time.perf_counter() - began


async def type_on(client: httpx.AsyncClient, seed: int, until: float, felt: Felt) -> None:
    """One who types, and waits for what is said of it before typing on."""
    luck = random.Random(seed)
    await asyncio.sleep(PAUSE * luck.random())
    async for text in texts(seed):
        if time.perf_counter() >= until:
            return
        felt.spent.append(await check(client, text))
        await asyncio.sleep(PAUSE)


async def measured(
    address: str, tokens: list[str], seconds: float
) -> tuple[list[Watched], Felt, Felt, Felt]:
    """Everybody at once for so long; then the typists in step."""
    limits = httpx.Limits(max_connections=WATCHERS + TYPISTS + 10)
    bearers = [{"authorization": f"Bearer {token}"} for token in tokens]
    async with httpx.AsyncClient(base_url=address, limits=limits, headers=bearers[0]) as seen:
        clients = [httpx.AsyncClient(base_url=address, headers=one) for one in bearers]
        for number, client in enumerate(clients):  # the first check finds everything cold
            await check(client, f"{TEXT}\n# warm {number}\n")
        alone = Felt([await check(clients[0], f"{TEXT}\n# alone {n}\n") for n in range(10)])
        until = time.perf_counter() + seconds
        watching = [asyncio.create_task(watch(seen, until + 3)) for _ in range(WATCHERS)]
        felt, together = Felt(), Felt()
        await asyncio.gather(
            *(type_on(one, number, until, felt) for number, one in enumerate(clients))
        )
        for burst in range(BURSTS):
            asked = (check(one, f"{TEXT}\n# {burst} {n}\n") for n, one in enumerate(clients))
            together.spent += await asyncio.gather(*asked)
        watched = await asyncio.gather(*watching)
        for client in clients:
            await client.aclose()
    return list(watched), alone, felt, together


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
        address = json.loads(await process.stdout.readline())["address"]
        try:
            watched, alone, felt, together = await measured(address, tokens, seconds)
        finally:
            process.terminate()
            async with asyncio.timeout(30):
                await process.wait()
            listening.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    lost = sum(one.is_lost for one in watched)
    events = [one.events for one in watched]
    silence = max(one.silence for one in watched)
    told = (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {seconds:g} s",
        f"one alone: {alone}",
        f"{TYPISTS} who type, a check every {PAUSE:g} s after the last: {felt}",
        f"{TYPISTS} at the same instant, {BURSTS} times: {together}",
        f"{WATCHERS} who watch: {lost} streams lost, {min(events):,} lines or more each",
        f"longest silence of a stream: {silence:.2f} s",
        f"the page and its checkers used {used.ru_utime + used.ru_stime:.1f} s of the cores",
    )
    sys.stdout.write("\n".join(told) + "\n")
    return int(lost > 0 or felt.share(0.95) >= BOUND)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 20)))

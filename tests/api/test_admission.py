"""Turns for reads: who is answered, in which order, and who is told to ask again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from graphrec.api.middleware.admission import ROUNDS, Admission


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))  # type: ignore[arg-type]


def test_turns_are_given_in_order_and_no_more_than_there_are() -> None:
    async def work() -> None:
        admission, inside, order = Admission(2, 10), 0, []

        async def one(n: int) -> None:
            nonlocal inside
            assert await admission.enter()
            inside += 1
            assert inside <= 2
            order.append(n)
            await asyncio.sleep(0.001)
            inside -= 1
            admission.leave()

        await asyncio.gather(*map(one, range(20)))
        assert order == list(range(20))
        assert admission.waiting == 0
        assert await admission.enter()
        assert await admission.enter()

    run(work)


def test_who_has_waited_too_long_is_refused_and_the_next_gets_the_turn() -> None:
    async def work() -> None:
        admission = Admission(1, 0.05)
        assert await admission.enter()
        late = asyncio.create_task(admission.enter())
        await asyncio.sleep(0.1)
        in_time = asyncio.create_task(admission.enter())
        await asyncio.sleep(0)
        admission.leave()
        assert not await late
        assert await in_time
        admission.leave()
        assert await admission.enter()

    run(work)


def test_a_client_that_goes_away_takes_no_turn_with_it() -> None:
    async def work() -> None:
        admission = Admission(1, 10)
        assert await admission.enter()
        gone, given = (asyncio.create_task(admission.enter()) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        admission.leave()
        given.cancel()  # just after it got the turn
        await asyncio.gather(gone, given, return_exceptions=True)
        assert await admission.enter()

    run(work)


def test_between_two_turns_the_loop_looks_at_all_else() -> None:
    """What waits for no turn goes through its own rounds of the loop while one list is made."""

    async def work() -> None:
        admission, seen = Admission(1, 10), []

        async def write() -> None:
            for _ in range(ROUNDS - 1):
                await asyncio.sleep(0)
            seen.append("write")

        async def read(n: int) -> None:
            assert await admission.enter()
            seen.append(f"read {n}")
            if n == 0:
                writes.append(asyncio.create_task(write()))
            admission.leave()

        writes: list[asyncio.Task[None]] = []
        await asyncio.gather(*map(read, range(5)), *writes)
        assert seen.index("write") <= 2

    run(work)

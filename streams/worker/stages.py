"""The stages of a worker: they end in reverse order, and those that should last are watched."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from streams.threads import Failure, end_task
from streams.worker.exits import FAILED, Ended

T = TypeVar("T")


class Stages:
    """Begins one stage after the other; the end of what should last is a failure of the worker."""

    def __init__(self, stack: contextlib.AsyncExitStack, failure: Failure) -> None:
        self._stack = stack
        self._failure = failure

    async def begin(self, stage: AbstractAsyncContextManager[T]) -> T:
        """Enter a stage, which is left when the worker ends."""
        return await self._stack.enter_async_context(stage)

    def on_exit(self, call: Callable[[], object]) -> None:
        """Have this called when the worker ends."""
        self._stack.callback(call)

    def on_exit_await(self, call: Callable[[], Awaitable[None]]) -> None:
        """The same for an asynchronous function."""
        self._stack.push_async_callback(call)

    def watch(self, lasting: Awaitable[object]) -> None:
        """Have this run until the worker ends, and end the worker if it ends before."""

        async def watch() -> None:
            try:
                await lasting
            except Exception as error:  # noqa: BLE001 - it is raised where the worker ends
                self._failure.set(error)
            else:
                self._failure.set(Ended(FAILED, "a part of the worker ended"))

        self._stack.push_async_callback(end_task, asyncio.create_task(watch()))

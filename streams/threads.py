"""Threads and tasks: work done one after the other in a thread, and what went wrong in any."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def left_with(code: int) -> int:
    """The exit code, with which the process ends right here if daemon threads are left.

    Where one of them is in C, the end of the interpreter can crash in it (SIGSEGV). To be called
    when all that must be closed is.
    """
    if any(one.daemon for one in threading.enumerate()):
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
    return code


class SerialExecutor:
    """A thread that does one thing after the other."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def do(self, work: Callable[..., T], *args: Any) -> T:  # noqa: ANN401 - as `work` takes them
        """Do `work(*args)` there after all earlier work, and give its result."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *args)

    def close(self) -> None:
        """Wait until it has finished all its work."""
        self._executor.shutdown(wait=True)


class Failure:
    """The first thing that went wrong so that the worker cannot go on. May be set by any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.happened = asyncio.Event()
        self.reason: BaseException | None = None

    def set(self, reason: BaseException) -> None:
        """Have the worker end; only the first reason counts."""
        if self.reason is None:
            self.reason = reason
            with contextlib.suppress(RuntimeError):  # the loop may be closed already
                self._loop.call_soon_threadsafe(self.happened.set)


async def end_task(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it is over; what it raised is of no interest any more."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # marks it as seen

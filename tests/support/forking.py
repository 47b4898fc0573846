"""Commands as processes that need not import what they run: forks of one that has imported it.

For tests of what a command does. How it starts, and what it imports by itself, is tested with
processes that begin from nothing. Run as a program this is the process that is forked.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

import duckdb

ROOT = Path(__file__).parents[2]
# What a command imports when it runs; what only a worker does is left to those that start one.
IMPORTED = ("schemas", "analytics", "streams.judging", "streams.commands", "streams.explain")
# Of pyarrow; the allocator has it again in a fork.
SURVIVING = {"jemalloc_bg_thd"}
LARGEST_REQUEST = 2**20


class Request(NamedTuple):
    """What is to be run: a module as a program, with these arguments, in this environment."""

    module: str
    arguments: list[str]
    environment: dict[str, str]


def run_forked(
    module: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    given: bytes,
    timeout: float,
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` of `python -m module`, with what is printed as text.

    Raises subprocess.TimeoutExpired, after the process was killed.
    """
    with contextlib.ExitStack() as files:
        stdin, stdout, stderr = (files.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        stdin.write(given)
        stdin.seek(0)
        request = Request(module, [*arguments], dict(environment))
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                _ask(request, (stdin, stdout, stderr), theirs)
            code = _code(ours, [module, *arguments], timeout)
        said = []
        for file in (stdout, stderr):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess([module, *arguments], code, *said)


def _ask(request: Request, files: Sequence[IO[bytes]], answer: socket.socket) -> None:
    body = json.dumps(request).encode()
    assert len(body) < LARGEST_REQUEST
    descriptors = [*(file.fileno() for file in files), answer.fileno()]
    socket.send_fds(_server(), [body], descriptors)


def _code(answer: socket.socket, command: Sequence[str], timeout: float) -> int:
    """The exit code; that of a process which was killed is negative, as in `subprocess`."""
    with answer.makefile() as lines:
        # The first time all has to be imported before.
        pid = int(lines.readline())
        answer.settimeout(timeout)
        try:
            return int(lines.readline())
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(command, timeout) from None


@cache
def _server() -> socket.socket:
    """The connection to the process that is forked; it ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.forking", str(theirs.fileno())],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("TRUCE_")}
            # Its threads would not be there in a fork.
            | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    return ours


def _modules() -> Iterator[str]:
    for package in IMPORTED:
        found = importlib.import_module(package)
        yield from (one.name for one in pkgutil.walk_packages(found.__path__, f"{package}."))


def _serve(requests: socket.socket) -> None:
    """Fork for each request, until nobody can ask any more."""
    for name in _modules():
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    # Importing it opens it; a fork would wait at its end for the threads that it has not.
    duckdb.default_connection().close()
    threads = {
        task.joinpath("comm").read_text("ascii").strip()
        for task in Path("/proc/self/task").iterdir()
        if task.name != str(os.getpid())
    }
    assert threads <= SURVIVING, f"threads would be missing in a fork: {threads}"
    # Whoever waits for a command is a fork as well.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        body, descriptors, _, _ = socket.recv_fds(requests, LARGEST_REQUEST, 4)
        if not body:
            return
        if not os.fork():
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            *files, answer = descriptors
            with socket.socket(fileno=answer) as said:
                _wait_for(said, Request(*json.loads(body)), files)
        for descriptor in descriptors:
            os.close(descriptor)


def _wait_for(said: socket.socket, request: Request, files: list[int]) -> NoReturn:
    pid = os.fork()
    if not pid:
        said.close()
        _become(request, files)
    said.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    # Nobody waits any more for what took too long.
    with contextlib.suppress(BrokenPipeError):
        said.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: Request, files: list[int]) -> NoReturn:
    """Be what `python -m module` with these arguments is."""
    encoding = sys.stdout.encoding
    for number, descriptor in enumerate(files):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False), encoding)  # noqa: SIM115
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(
            open(number, "wb", closefd=False),  # noqa: SIM115
            encoding,
            errors=errors,
            line_buffering=number == 2,
        )
        for number, errors in ((1, "strict"), (2, "backslashreplace"))
    )
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv[1:] = request.arguments
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        _serve(asked)

"""Writes a lake in a subprocess, so that this takes no time or memory from the ledger.

It reads requests as lines of JSON from its standard input, each followed by its rows as an Arrow
stream, and answers each in a line on its standard output. It exits at the end of its input.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from analytics.lake.mark import LakeMark
from analytics.lake.notifications import LakeNotifications, Numbered
from analytics.lake.writer import Held, LakeWriteError, LakeWriter, Step
from analytics.ledger.contents import Balance, Holding

COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")
# The ledger and all readers have priority over it.
NICE = 10
SECONDS_TO_END = 5.0


class SubprocessWriter:
    """Writes the lake at `path` in a subprocess, which is started when it is first needed.

    `postgres`, `worker` and `data`: see `LakeWriter`.
    """

    def __init__(self, path: Path, postgres: str = "", worker: str = "", data: str = "") -> None:
        self.path = path.resolve()
        self.worker = worker
        # None of them holds a secret: those are in the environment, and in files.
        self._given = (postgres, worker, data)
        self._process: subprocess.Popen[bytes] | None = None

    def held(self) -> Held | None:
        """What the lake holds, by its own record; None: nothing, or it is incomplete."""
        with self._talking() as talk:
            found = talk.ask("held")
            if found is None:
                return None
            contents = {name: Holding(*held) for name, held in found["contents"].items()}
            mark = LakeMark(**found["mark"])
            targets = talk.rows()
            numbered = [
                Numbered(table, number, talk.rows(), last)
                for table, number, last in found["numbered"]
            ]
            return Held(mark, Balance(mark.seq, contents), LakeNotifications(targets, *numbered))

    def write(self, steps: Iterable[Step], mark: LakeMark, balance: Balance) -> None:
        """Run all these steps in one transaction, after which the lake is at this mark."""
        with self._talking() as talk:
            talk.say("write", mark=mark._asdict(), contents=balance.contents)
            for name, table, rows in steps:
                talk.say("step", name=name, table=table, rows=rows is not None)
                if rows is not None:
                    talk.put(rows)
            talk.ask("commit")

    def maintain(self, keep_seconds: float) -> None:
        """Compact small files, and delete what no reader can need."""
        with self._talking() as talk:
            talk.ask("maintain", keep_seconds=keep_seconds)

    def abandon(self) -> None:
        """Abort the current request soon."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the process once it has finished its current request."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                process.communicate(timeout=SECONDS_TO_END)
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def _talking(self) -> Iterator[_Talk]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - this very module
                [sys.executable, "-m", __name__, str(self.path), *self._given],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("it was started with both")
        talk = _Talk(stdin, stdout)
        try:
            yield talk
        except BaseException as error:
            said = _last_words(talk) if isinstance(error, BrokenPipeError) else None
            # It may be in the middle of a request: the next process starts afresh.
            self._process.kill()
            self.close()
            if isinstance(error, OSError | EOFError | ValueError):
                ended = f"the lake {self.path} was not written: its process has ended"
                raise LakeWriteError(said or ended) from error
            raise


def _last_words(talk: _Talk) -> str | None:
    """Why the subprocess ended, if it said so."""
    try:
        talk.hear()
    except LakeWriteError as error:
        return str(error)
    except (OSError, EOFError, ValueError):
        return None
    return None


class _Talk:
    """Lines of JSON and rows, to the subprocess and back."""

    def __init__(self, out: IO[bytes], back: IO[bytes]) -> None:
        self._out, self._back = out, back

    def say(self, what: str, **more: object) -> None:
        self._out.write(json.dumps({"what": what, **more}).encode() + b"\n")

    def put(self, rows: pa.Table | pa.RecordBatchReader) -> None:
        with pa.ipc.new_stream(self._out, rows.schema, options=COMPRESSED) as stream:
            for batch in rows.to_batches() if isinstance(rows, pa.Table) else rows:
                stream.write_batch(batch)

    def ask(self, what: str, **more: object) -> Any:  # noqa: ANN401 - what JSON holds
        self.say(what, **more)
        self._out.flush()
        return self.hear()

    def hear(self) -> Any:  # noqa: ANN401 - what JSON holds
        line = self._back.readline()
        if not line:
            raise EOFError
        answer = json.loads(line)
        if "error" in answer:
            raise LakeWriteError(answer["error"])
        return answer["answer"]

    def rows(self) -> pa.Table:
        return pa.ipc.open_stream(self._back).read_all()


def main(path: Path, postgres: str = "", worker: str = "", data: str = "") -> None:
    """Serve the requests on the standard input until it ends."""
    os.nice(NICE)
    # Ctrl-C goes to the whole process group: the parent process ends this one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(format="truce: %(message)s", level=logging.WARNING)
    requests, back = sys.stdin.buffer, sys.stdout.buffer
    writer = LakeWriter(path, postgres, worker, data)
    try:
        _serve(writer, requests, back)
    except BrokenPipeError:
        # The parent process was killed. Nobody reads what is still buffered, either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), back.fileno())
    writer.close()


def _serve(writer: LakeWriter, requests: IO[bytes], back: IO[bytes]) -> None:
    talk = _Talk(back, requests)
    while (wanted := _request(requests)) is not None:
        try:
            found = _done(writer, wanted, requests)
        except LakeWriteError as error:
            back.write(json.dumps({"error": str(error)}).encode() + b"\n")
            back.flush()
            # The rest of the input belongs to the request that failed.
            break
        answer = None
        if found is not None:
            contents, mark = found.balance.contents, found.mark._asdict()
            numbered = [(one.table, one.number, one.last) for one in found.notices.numbered()]
            answer = {"mark": mark, "contents": contents, "numbered": numbered}
        back.write(json.dumps({"answer": answer}).encode() + b"\n")
        if found is not None:
            talk.put(found.notices.targets)
            for one in found.notices.numbered():
                talk.put(one.changing)
        back.flush()


def _request(requests: IO[bytes]) -> dict[str, Any] | None:
    """The next request; None: the parent process has ended, perhaps in the middle of one."""
    line = requests.readline()
    if not line.endswith(b"\n"):
        return None
    request: dict[str, Any] = json.loads(line)
    return request


def _done(writer: LakeWriter, wanted: dict[str, Any], requests: IO[bytes]) -> Held | None:
    match wanted["what"]:
        case "held":
            return writer.held()
        case "maintain":
            writer.maintain(wanted["keep_seconds"])
        case _:
            contents = {name: Holding(*held) for name, held in wanted["contents"].items()}
            mark = LakeMark(**wanted["mark"])
            writer.write(_steps(requests), mark, Balance(mark.seq, contents))
    return None


def _steps(requests: IO[bytes]) -> Iterator[Step]:
    while True:
        said = _request(requests)
        if said is None:
            raise OSError("whoever had it written has ended")
        if said["what"] == "commit":
            return
        rows = pa.ipc.open_stream(requests) if said["rows"] else None
        yield Step(said["name"], said["table"], rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

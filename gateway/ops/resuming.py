"""Where does an interrupted run of `publish` go on? Beside the file lies a note of every request that was answered.

Ids repeat, so handing a file in again is always right; with a million rows it is only slow. The next run makes the same
requests in the same order. One that the note holds, byte for byte by its digest, need not be sent: its answer stands
there, refusals included, so the report comes out whole. The first that the note doesn't hold ends its use.

The note is believed only as far as the node agrees: the last requests on each log are sent once more, and what they
hold must be known there. A node that takes some of it anew has lost what it acknowledged (``Forgotten``), and gets the
whole file. A line that the kill cut short is dropped; nothing is synced, for what the note lacks is sent again and
comes back as duplicates.

    {"node":"http://127.0.0.1:8470"}
    {"request":"<BLAKE2b>","logged":499,"duplicates":0,"refused":{"17":{"reason":"uscc.check",…}},"logs":["<origin>"]}

>>> with Journal(Path("history.csv"), "http://127.0.0.1:8470", say=print) as journal:
...     journal.recall(body) or journal.note(body, answered)
"""

from __future__ import annotations

import fcntl
import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from gateway.errors import CannotRun

IN_FLIGHT = 4
"""Requests under way at once; so what a node holds last of a log is in the last so many that reached it."""
ALREADY = "record.superseded"
"""A node's word for: this very record is logged, and the subject has a later one."""


class Forgotten(Exception):
    """The node takes anew what the note says it had acknowledged."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a node answered to one request. ``refused``: reason, field and message by place in the request; ``logs``:
    origins of the logs that hold the rest. ``probe``: recalled, and to be sent once more.
    """

    logged: int
    duplicates: int
    refused: Mapping[int, Mapping[str, str]]
    logs: tuple[str, ...]
    probe: bool = False

    @classmethod
    def read(cls, answers: Sequence[Mapping[str, Any]], *, again: bool = False) -> Answered:
        """From receipts. ``again``: the request may have been taken before without our hearing it, so a record that
        stands there under a later one is no refusal.
        """
        refused: dict[int, Mapping[str, str]] = {}
        logged = 0
        for place, answer in enumerate(answers):
            logged += answer["status"] == "logged"
            if answer["status"] == "refused" and not (again and answer.get("reason") == ALREADY):
                refused[place] = {name: answer[name] for name in ("reason", "field", "message") if answer.get(name)}
        logs = tuple(sorted({answer["log"] for answer in answers if answer["log"]}))
        return cls(logged, len(answers) - logged - len(refused), refused, logs)


class Journal:
    """The note beside one file, held by one run at a time. Where it can't be written, the next run is slower and right
    all the same.
    """

    def __init__(self, file: Path, node: str, *, say: Callable[[str], None]) -> None:
        self.path = note_beside(file)
        self.resumed = False
        self._node = node
        self._say = say
        self._held: IO[bytes] | None = None
        self._recalled: Iterator[tuple[str, Answered]] = iter(())
        self._reached = 0

    def __enter__(self) -> Self:
        """Raises ``CannotRun`` "file.busy" where another run holds the note."""
        try:
            self._held = self.path.open("a+b")
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._open(self._held)
        except BlockingIOError as error:
            self._close()
            zh = f"另一进程正在发布此文件：{self.path}"
            raise CannotRun("file.busy", f"another run publishes this file: {self.path}", zh=zh) from error
        except OSError as error:
            self._give_up(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def recall(self, body: bytes) -> Answered | None:
        """What the note says of this request; from the first that it doesn't hold on, None."""
        found = next(self._recalled, None)
        if found is not None and found[0] == _digest(body):
            self._reached += 1
            return found[1]
        if found is not None:  # the file is another from here on
            self._recalled = iter(())
            self._cut(self._reached)
        return None

    def note(self, body: bytes, answered: Answered) -> None:
        """Note a request that is answered, in the order in which requests were made."""
        if self._held is None:
            return
        told = asdict(answered) | {"request": _digest(body)}
        told["refused"] = {str(place): said for place, said in answered.refused.items()}
        del told["probe"]
        try:
            self._held.write(orjson.dumps(told) + b"\n")
            self._held.flush()
        except OSError as error:
            self._give_up(error)

    def forget(self) -> None:
        """Nothing that it says holds."""
        self._recalled, self._reached = iter(()), 0
        self._cut(0)

    def finish(self) -> None:
        """The file is handed in whole: there is nothing to go on with."""
        self.path.unlink(missing_ok=True)

    def _open(self, held: IO[bytes]) -> None:
        places: dict[str, deque[int]] = defaultdict(lambda: deque(maxlen=IN_FLIGHT))
        count = 0
        for count, (_, answered) in enumerate(self._lines(), start=1):
            for log in answered.logs:
                places[log].append(count - 1)
        self.resumed = self._is_of_this_node()
        if not self.resumed:
            held.truncate(0)
            held.write(orjson.dumps({"node": self._node}) + b"\n")
            held.flush()
        self._cut(count)
        probes = {place for last in places.values() for place in last}
        self._recalled = (
            (digest, replace(answered, probe=place in probes))
            for place, (digest, answered) in enumerate(islice(self._lines(), count))
        )

    def _is_of_this_node(self) -> bool:
        with self.path.open("rb") as file:
            return _head(file.readline()) == self._node

    def _lines(self) -> Iterator[tuple[str, Answered]]:
        """Requests as noted by this node's runs, to the first line that is none."""
        with self.path.open("rb") as file:
            if _head(file.readline()) != self._node:
                return
            for line in file:
                found = _parsed(line)
                if found is None:
                    return
                yield found

    def _cut(self, count: int) -> None:
        """Leave the head and so many requests."""
        if self._held is None:
            return
        try:
            with self.path.open("rb") as file:
                size = sum(map(len, islice(file, 1 + count)))
            self._held.truncate(size)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._close()
        self._recalled = iter(())
        self._say(f"{self.path}: {error.strerror}: 中断后将从头发送 · an interrupted run will begin with the first row")

    def _close(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            held.close()


def note_beside(file: Path) -> Path:
    """Where the note of a file stands."""
    return file.with_name(f".{file.name}.publishing")


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=20).hexdigest()


def _head(line: bytes) -> object:
    try:
        return orjson.loads(line)["node"] if line.endswith(b"\n") else None
    except (ValueError, TypeError, KeyError):
        return None


def _parsed(line: bytes) -> tuple[str, Answered] | None:
    """One request as noted, or None where the line is none: cut short, or written by somebody else."""
    if not line.endswith(b"\n"):
        return None
    try:
        found = orjson.loads(line)
        refused = {int(place): _texts(said) for place, said in found["refused"].items()}
        logs = tuple(map(str, found["logs"]))
        return str(found["request"]), Answered(int(found["logged"]), int(found["duplicates"]), refused, logs)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _texts(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(text) for name, text in said.items()}

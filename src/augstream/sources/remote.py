"""Files that are elsewhere, through fsspec: many at a time, tried again where that helps, kept where that is wanted."""

import asyncio
import json
import os
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np

from augstream.concurrency.prefetch import Cancelled, wanted
from augstream.errors import ArgumentError, MissingPackageError, SourceError
from augstream.printable import printable
from augstream.sources import split
from augstream.sources.index_file import recall, remember
from augstream.sources.listing import Progress
from augstream.sources.packed_names import Names
from augstream.sources.reading import admit

Span: TypeAlias = tuple[str, int | None, int | None]
"""A file, and where to begin and end reading it; None: from its beginning to its end."""

_LOOK = 0.1
# What fsspec needs for a kind of address, and our extra that has it.
_PACKAGES = {
    "s3": ("s3fs", "s3"),
    "gs": ("gcsfs", "gs"),
    "gcs": ("gcsfs", "gs"),
    "https": ("aiohttp", "remote"),
    "http": ("aiohttp", "remote"),
}
TRANSIENT = (408, 425, 429)
"""HTTP answers of 400 to 499 that are worth another try."""


class Remote:
    """How files that are elsewhere are read.

    in_flight: requests at a time, for each batch in preparation. tries: how often a file is asked for, the second time
    after `wait` seconds and then after twice as long each time; a file that is missing or forbidden is asked for once.
    timeout: seconds that one answer may take. cache: a folder outside the data that keeps what was read, `cache_bytes`
    of it at most, the least recently used going first; a file is taken never to change under its name.
    options: what fsspec's file system takes, such as {"anon": True} for a public bucket.
    """

    def __init__(
        self,
        *,
        in_flight: int = 32,
        tries: int = 4,
        wait: float = 0.5,
        timeout: float = 20.0,
        cache: str | os.PathLike[str] | None = None,
        cache_bytes: int = 10 * 2**30,
        **options: Any,
    ) -> None:
        for name, value in (("in_flight", in_flight), ("tries", tries), ("cache_bytes", cache_bytes)):
            if not split.counts(value):
                raise ArgumentError(f"remote.{name} must be an integer of at least 1; got {value!r}.")
        for name, seconds in (("wait", wait), ("timeout", timeout)):
            if not split.duration(seconds):
                raise ArgumentError(f"remote.{name} must be seconds; got {seconds!r}.")
        self.in_flight, self.tries, self.wait, self.timeout = in_flight, tries, wait, timeout
        self.cache = None if cache is None else Cache(Path(cache).expanduser().absolute(), cache_bytes)
        self.options = options
        self._systems: dict[str, Any] = {}
        self._pid = os.getpid()

    def one(self, path: str) -> bytes:
        """The bytes of one file."""
        (data,) = self.many([path])
        if isinstance(data, Exception):
            raise data
        return data

    def many(self, paths: Sequence[str]) -> list[bytes | Exception]:
        """The bytes of each file, or why there are none; as many at a time as `in_flight` says."""
        return self.spans([(path, None, None) for path in paths])

    def spans(self, spans: Sequence[Span]) -> list[bytes | Exception]:
        """The bytes of parts of files."""
        found: dict[Span, bytes | Exception] = {}
        wanted: dict[str, list[Span]] = {}
        for span in dict.fromkeys(spans):
            refused = _refused(span)
            kept = None if self.cache is None or refused else self.cache.get(_address(span))
            if refused:
                found[span] = refused
            elif kept is None:
                wanted.setdefault(span[0].partition("://")[0], []).append(span)
            else:
                found[span] = _counted(span, kept)
        for protocol, some in wanted.items():
            system = self.system(protocol)
            fetched = self._together(system, some) if system.async_impl else self._in_threads(system, some)
            for span, data in zip(some, fetched, strict=True):
                found[span] = data = _counted(span, data)
                if self.cache is not None and isinstance(data, bytes):
                    self.cache.put(_address(span), data)
        return [found[span] for span in spans]

    def system(self, protocol: str) -> Any:
        """The file system of fsspec for a kind of address."""
        if self._pid != os.getpid():
            # Connections and the thread they live in do not survive a fork.
            self._systems, self._pid = {}, os.getpid()
        system = self._systems.get(protocol)
        if system is None:
            fsspec = _fsspec(protocol)
            try:
                system = fsspec.filesystem(protocol, skip_instance_cache=True, **self._patient(protocol))
            except ImportError as error:
                package, extra = _PACKAGES.get(protocol, (str(error), None))
                raise MissingPackageError(f"Reading {protocol}:// files", package, extra) from None
            except ValueError as error:
                raise SourceError(f"No way is known to read {protocol}:// files: {error}.") from None
            self._systems[protocol] = system
        return system

    def _patient(self, protocol: str) -> dict[str, Any]:
        """The options, for web servers with the time-out: their client would wait for five minutes."""
        if protocol not in ("http", "https"):
            return self.options
        import aiohttp

        limit = aiohttp.ClientTimeout(total=None, sock_connect=self.timeout or None, sock_read=self.timeout or None)
        return {**self.options, "client_kwargs": {"timeout": limit, **self.options.get("client_kwargs", {})}}

    def _together(self, system: Any, spans: Sequence[Span]) -> list[bytes | Exception]:
        async def all_of() -> list[bytes | Exception]:
            turn = asyncio.Semaphore(self.in_flight)

            async def one(path: str, start: int | None, end: int | None) -> bytes:
                def ask() -> Awaitable[bytes]:
                    return asyncio.wait_for(system._cat_file(path, start=start, end=end), self.timeout or None)

                async with turn:
                    return await self._tried(ask)

            results = await asyncio.gather(*(one(*span) for span in spans), return_exceptions=True)
            return [_only(result) for result in results]

        # As fsspec's own `sync` does it, except that nobody has to wait for a server once the loop has been left.
        future = asyncio.run_coroutine_threadsafe(all_of(), system.loop)
        while wanted():
            try:
                return future.result(timeout=_LOOK)
            except TimeoutError:
                continue
        future.cancel()
        raise Cancelled

    async def _tried(self, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        for number in range(self.tries):
            try:
                return await ask()
            except Exception as error:
                if number + 1 == self.tries or not _passing(error):
                    raise _explained(error, number + 1, self.timeout) from error
            await asyncio.sleep(self.wait * 2**number)
        raise ConnectionError("not asked for")  # the last try has returned or raised

    def _in_threads(self, system: Any, spans: Sequence[Span]) -> list[bytes | Exception]:
        def one(span: Span) -> bytes | Exception:
            for number in range(self.tries):
                try:
                    return bytes(system.cat_file(span[0], start=span[1], end=span[2]))
                except Exception as error:
                    if number + 1 == self.tries or not _passing(error):
                        return _explained(error, number + 1, self.timeout)
                time.sleep(self.wait * 2**number)
            return ConnectionError("not asked for")

        with ThreadPoolExecutor(min(self.in_flight, len(spans)), "augstream-remote") as threads:
            return list(threads.map(one, spans))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_systems": {}}


class Cache:
    """Files kept in a folder, within a bound; several processes may share it."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._held: int | None = None
        self._full = False
        self._lock = Lock()

    def get(self, address: str) -> bytes | None:
        """What is kept of this address."""
        file = self._file(address)
        try:
            data = file.read_bytes()
            os.utime(file)
        except OSError:
            return None
        return data

    def put(self, address: str, data: bytes) -> None:
        """Keeps a file; one that cannot be kept, as on a full disk, is a warning and not an error."""
        if self._full or len(data) > self.limit:
            return
        file = self._file(address)
        partial = file.with_name(f".{file.name}.{os.getpid()}.{id(data)}")
        try:
            with self._lock:
                self._held = (self._size() if self._held is None else self._held) + len(data)
                if self._held > self.limit:
                    self._evict(len(data))
            file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(file)
        except OSError as error:
            self._full = True
            partial.unlink(missing_ok=True)
            warnings.warn(
                printable(
                    f"Nothing more is kept in {self.folder}: {error.strerror or error}. Reading goes on without."
                ),
                stacklevel=2,
            )

    def _file(self, address: str) -> Path:
        name = blake2b(address.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return self.folder / name[:2] / name

    def _entries(self) -> list[tuple[float, int, Path]]:
        found = []
        for file in self.folder.glob("??/*"):
            try:
                status = file.stat()
            except OSError:
                continue  # another process was faster
            found.append((status.st_mtime, status.st_size, file))
        return sorted(found)

    def _size(self) -> int:
        return sum(size for _, size, _ in self._entries())

    def _evict(self, coming: int) -> None:
        """Makes room, a tenth more than is needed, so that it is not done for every file."""
        entries = self._entries()
        held = sum(size for _, size, _ in entries)
        room = min(self.limit - coming, int(0.9 * self.limit))
        for _, size, file in entries:
            if held <= room:
                break
            file.unlink(missing_ok=True)
            held -= size
        self._held = held + coming

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "limit": self.limit}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Cache.__init__(self, state["folder"], state["limit"])


def list_remote(
    root: str,
    extensions: frozenset[bytes],
    options: dict[str, Any],
    progress: bool | None = None,
    index: Path | None = None,
) -> Names:
    """Sorted names of the images below an address, relative to it; from the index where it is of the same address."""
    known = sorted(extension.decode() for extension in extensions)
    about = json.dumps({"version": 1, "root": root, "extensions": known})
    kept = None if index is None else recall(index, about)
    if kept is not None:
        return Names(kept["names"].tobytes(), kept["ends"])
    remote = Remote(**options)
    system = remote.system(root.partition("://")[0])
    base = system._strip_protocol(root).rstrip("/") + "/"
    wanted = tuple(f".{extension}" for extension in known)
    found: list[str] = []
    line = Progress(root, progress)
    try:
        for path in _walk(remote, system, root):
            name = path[len(base) :]
            hidden = any(part.startswith(".") for part in name.split("/"))
            if path.startswith(base) and path.lower().endswith(wanted) and not hidden:
                found.append(name)
                line.at(len(found))
    except FileNotFoundError as error:
        raise SourceError(f"from_folder: {root} is not there, or is empty.") from error
    except Exception as error:
        raise SourceError(f"from_folder: cannot list {root}: {error}.") from error
    finally:
        line.close()
    if not found:
        raise SourceError(f"from_folder: {root} holds no images; looked for were {', '.join(known)}.")
    names = Names.of(sorted(found))
    if index is not None:
        remember(index, about, {"names": np.frombuffer(names.blob, np.uint8), "ends": names.ends})
    return names


def _walk(remote: Remote, system: Any, root: str) -> Iterator[str]:
    """Paths of all files; fsspec's own `find` leaves out in silence what it could not list."""
    pending, seen = [system._strip_protocol(root).rstrip("/")], set()
    while pending:
        folder = pending.pop()
        for entry in _listed(remote, system, folder):
            name = entry["name"]
            if entry["type"] == "directory":
                below = name.rstrip("/")
                if below.startswith(f"{folder}/") and below not in seen:
                    seen.add(below)
                    pending.append(below)
            else:
                yield name


def _listed(remote: Remote, system: Any, folder: str) -> list[dict[str, Any]]:
    for number in range(remote.tries):
        try:
            # With the slash a web server need not send us on to the folder.
            return list(system.ls(f"{folder}/", detail=True))
        except Exception as error:
            if number + 1 == remote.tries or not _passing(error):
                raise _explained(error, number + 1, remote.timeout) from error
        time.sleep(remote.wait * 2**number)
    return []


def _fsspec(protocol: str) -> Any:
    try:
        import fsspec
    except ImportError:
        raise MissingPackageError(f"Reading {protocol}:// files", "fsspec", "remote") from None
    return fsspec


def _address(span: Span) -> str:
    path, start, end = span
    return path if start is None else f"{path}#{start}-{end}"


def _refused(span: Span) -> Exception | None:
    """Why a part is not asked for; of a whole file nobody knows the size before it is here."""
    _, start, end = span
    try:
        if start is not None and end is not None:
            admit(end - start)
    except Exception as error:
        return error
    return None


def _counted(span: Span, data: bytes | Exception) -> bytes | Exception:
    """What has come, if it is not above the limit."""
    try:
        if isinstance(data, bytes) and (span[1] is None or span[2] is None):
            admit(len(data), here=True)
    except OSError as error:
        return error
    return data


def _only(result: object) -> bytes | Exception:
    if isinstance(result, bytes | Exception):
        return result
    if isinstance(result, BaseException):
        raise result
    return bytes(result)  # type: ignore[call-overload,no-any-return]


def _passing(error: Exception) -> bool:
    """Whether another try may help."""
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError):
        return False
    status = getattr(error, "status", None)
    if isinstance(status, int) and 400 <= status < 500:
        return status in TRANSIENT
    return isinstance(error, OSError | EOFError | asyncio.TimeoutError) or type(error).__module__.startswith("aiohttp")


def _explained(error: Exception, tries: int, timeout: float) -> Exception:
    """The error in words that a batch's report can print."""
    if isinstance(error, FileNotFoundError):
        return error
    text = str(error) or type(error).__name__
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        text = f"no answer within {timeout:g} s"
    status = getattr(error, "status", None)
    if isinstance(status, int):
        text = f"the server answers {status} {getattr(error, 'message', '')}".rstrip()
    return ConnectionError(f"{text}, {tries} {'try' if tries == 1 else 'tries'}")

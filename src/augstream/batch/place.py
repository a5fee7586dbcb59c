"""Where the loop over batches is."""

from augstream.concurrency.lock import Lock


class Place:
    """now: (epoch, batch) that the most recent loop hands out next; following: what the next loop begins with."""

    def __init__(self) -> None:
        self.now = self.following = (0, 0)
        self._loops = 0
        self._lock = Lock()

    def set(self, epoch: int, batch: int) -> None:
        """The next loop begins here."""
        with self._lock:
            self.now = self.following = epoch, batch
            self._loops += 1

    def begin(self) -> tuple[int, int, int]:
        """Begins the next loop: its epoch, its first batch, and the number by which `move` knows it."""
        with self._lock:
            return (*self.following, self._follow(*self.following))

    def follow(self, epoch: int, batch: int) -> int:
        """Begins a loop here, and returns its number."""
        with self._lock:
            return self._follow(epoch, batch)

    def move(self, loop: int | None, epoch: int, batch: int) -> None:
        """Takes note of where a loop is, if it is the most recent one."""
        with self._lock:
            if loop == self._loops:
                self.now = epoch, batch

    def _follow(self, epoch: int, batch: int) -> int:
        self.now, self.following = (epoch, batch), (epoch + 1, 0)
        self._loops += 1
        return self._loops

"""What can be asked of batches wherever they are handed out: by the loader, or in the types of a framework."""

from augstream.batch.batches import Batches
from augstream.notebook import page


class Described:
    """Classes and names of batches."""

    batches: Batches

    @property
    def classes(self) -> list[str] | None:
        """The names of the classes, as the source has them; None where it names none."""
        return self.batches.source.classes

    @property
    def class_indices(self) -> dict[str, int]:
        """Name of a class -> its number; empty where the source names none."""
        return self.batches.source.class_indices

    @property
    def names(self) -> list[str]:
        """The name of each sample in the order of the most recent epoch, or of the first if none has begun.

        On several ranks those of this one, as often as they come. A sample that was skipped (`on_error="skip"`) is
        still among them; `batch.name` says what took its place.
        """
        source, order = self.batches.source, self.batches.sampler.order(*self._recent())
        return [source.name(index) for index in order.tolist()]

    def _recent(self) -> tuple[int, int]:
        """The epoch that `names` tells of, and its first batch."""
        return self.batches.place.now[0], 0

    def __repr__(self) -> str:
        batches = self.batches
        return f"<{type(self).__name__}: {len(self)} batches of {batches.sampler.batch_size} from {batches.source!r}>"

    def _repr_html_(self) -> str:
        return page(self)

    def __len__(self) -> int:
        """Batches of an epoch, the same on every rank."""
        return len(self.batches)

"""Where a loader is: the samples all ranks have consumed, and the order they were counted in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .errors import StateError
from .order import MAX_SAMPLE, SampleOrder

NAMES = ("dataset", "seed", "sequence_length", "lanes")


@dataclass(frozen=True)
class LoaderState:
    """Samples consumed by all ranks together, and what the order depends on.

    The same on every rank and for any number of ranks. As a dictionary it holds text and integers only, so it can go
    into a torch checkpoint or a JSON file.
    """

    consumed: int
    fingerprint: str
    dataset: str
    seed: int
    sequence_length: int
    lanes: int

    @staticmethod
    def of(order: SampleOrder, consumed: int) -> LoaderState:
        """The state of a loader of this order."""
        return LoaderState(
            consumed, order.fingerprint.hex(), order.dataset.hex(), order.seed, order.sequence_length, order.lanes
        )

    def to_dict(self) -> dict[str, int | str]:
        """The state as plain values."""
        return {
            "version": 1,
            "consumed": self.consumed,
            "fingerprint": self.fingerprint,
            "dataset": self.dataset,
            "seed": self.seed,
            "sequence_length": self.sequence_length,
            "lanes": self.lanes,
        }

    @staticmethod
    def from_dict(values: Mapping[str, object]) -> LoaderState:
        """The state that `to_dict` wrote; refuses what is not one."""
        what = "cannot read the loader state"
        version = values.get("version")
        if version != 1:
            raise StateError(what, "version", repr(version), "1", "use the shardify that wrote it")
        consumed = _integer(values, "consumed", MAX_SAMPLE)
        seed = _integer(values, "seed", (1 << 64) - 1)
        length = _integer(values, "sequence_length", 1 << 32)
        lanes = _integer(values, "lanes", 1 << 14)
        texts = [values.get(name) for name in ("fingerprint", "dataset")]
        for name, text in zip(("fingerprint", "dataset"), texts):
            if not isinstance(text, str) or len(text) != 64:
                raise StateError(what, name, repr(text)[:80], "64 hexadecimal digits")
        return LoaderState(consumed, str(texts[0]), str(texts[1]), seed, length, lanes)

    def check(self, order: SampleOrder, override: Collection[str] = ()) -> None:
        """Refuses a state of another order, naming the value that differs and how to go on all the same."""
        unknown = sorted(set(override) - set(NAMES))
        if unknown:
            raise StateError("cannot override", "", ", ".join(unknown), "names among " + ", ".join(NAMES))
        here = LoaderState.of(order, self.consumed)
        for name in NAMES:
            found, expected = getattr(self, name), getattr(here, name)
            if found != expected and name not in override:
                raise StateError(
                    "cannot resume",
                    name.replace("_", " "),
                    f"the state is of {found}",
                    str(expected),
                    f'resume with the same, or pass override=["{name}"] to go on from sample {self.consumed} of the other order',
                )
        if not override and self.fingerprint != here.fingerprint:
            raise StateError("cannot resume", "fingerprint", self.fingerprint, here.fingerprint)


def _integer(values: Mapping[str, object], name: str, most: int) -> int:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise StateError("cannot read the loader state", name, repr(value)[:80], f"an integer from 0 to {most}")
    return value

"""What can go wrong, said in one line: what failed, where, what was found, what was expected, what to do."""

from __future__ import annotations


class ShardifyError(Exception):
    """A failure with a message for people: `what: where: found, expected wanted; remedy`."""

    def __init__(
        self, what: str, where: str = "", found: str | None = None, expected: str = "", remedy: str = ""
    ) -> None:
        self.what = what
        self.where = where
        self.found = found
        self.expected = expected
        self.remedy = remedy
        if found is None:
            # A DataLoader raises the failure of a worker again from the text of its traceback, which ends with the message.
            text = what.rstrip().split("\n")[-1].removeprefix(f"{type(self).__module__}.{type(self).__name__}: ")
        else:
            text = f"{what}: {where}: {found}" if where else f"{what}: {found}"
            if expected:
                text += f", expected {expected}"
            if remedy:
                text += f"; {remedy}"
        super().__init__(text.replace("\n", " "))

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions travel from DataLoader workers; the default would call __init__ with the text alone.
        return type(self), (self.what, self.where, self.found, self.expected, self.remedy)


class ManifestError(ShardifyError):
    """The manifest is missing, of another version, or says what cannot be."""


class ShardError(ShardifyError):
    """A shard is missing, damaged, or not the one the manifest names."""


class OrderError(ShardifyError):
    """The sample order that was asked for does not exist: a value out of range."""


class StateError(ShardifyError):
    """A loader state belongs to another order than the one it was given to."""

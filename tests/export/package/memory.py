"""A package that lies in memory."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryReader:
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, size: int) -> bytes:
        assert offset >= 0, "a reader is never asked for what lies before the file"
        assert size >= 0
        return self.data[offset : offset + size]

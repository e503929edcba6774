"""Clips and copies that several tests look at are made once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from export.media.copy import WorkingCopy, make_copy
from export.media.examine import Examination, Limits, examine
from tests.export.media import clips

DIGEST = "ab" * 32
LIMITS = Limits()


@dataclass(frozen=True)
class Job:
    """A clip, what the examination found, and where."""

    clip: Path
    examination: Examination
    folder: Path

    def copy(self, name: str = "copy") -> WorkingCopy:
        """Make a working copy in a folder of this name."""
        job = self.folder / name
        job.mkdir()
        return make_copy(
            self.clip,
            self.examination,
            job,
            exhibit="JS-1",
            master_sha256=DIGEST,
            limits=LIMITS,
            first_frame_at=clips.FIRST_AT,
            progress=None,
        )


@dataclass(frozen=True)
class Shelf:
    """Makes each clip, its examination and its copy at most once a session."""

    folder: Path
    jobs: dict[str, Job]
    copies: dict[str, WorkingCopy]

    def job(self, name: str) -> Job:
        if name not in self.jobs:
            self.jobs[name] = look_at(clips.make(name, self.folder), self.folder / f"{name}.job")
        return self.jobs[name]

    def copy(self, name: str) -> WorkingCopy:
        if name not in self.copies:
            self.copies[name] = self.job(name).copy()
        return self.copies[name]


def look_at(clip: Path, folder: Path, name: str = "") -> Job:
    """Examine a clip in a new folder."""
    folder.mkdir()
    found = examine(clip, folder, limits=LIMITS, original_name=name or clip.name, progress=None)
    return Job(clip, found, folder)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("clips"), {}, {})


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Examination]:
    """Return what examines a file, under the name that it had when it came."""

    def look(clip: Path, name: str = "") -> Examination:
        return look_at(clip, tmp_path / f"{clip.name}.job", name).examination

    return look

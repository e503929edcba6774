"""What can go wrong with media and packages.

* ExportError
  - MediaError: about clips and copies
    - SandboxError: the sandbox itself cannot be started or lost its child; stop and tell a person
    - ToolError: ffmpeg is missing or does not answer; stop, the message says what to do
    - NoCopyError: no way gave a copy that holds what the master holds; refuse, a person decides
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from export.media.facts import MediaFinding


class ExportError(Exception):
    """Base of all errors of media and packages."""


class MediaError(ExportError):
    """Base of all errors about clips and copies. A bad clip is never one: it is a finding."""


class SandboxError(MediaError):
    """The sandbox cannot be started, or broke down: our failure, not the clip's."""


class ToolError(MediaError):
    """A program that we bring along is missing or does not answer."""


class NoCopyError(MediaError):
    """No way gave a working copy that stood the comparison; carries the findings for a person."""

    def __init__(self, findings: "Sequence[MediaFinding]") -> None:
        words = " ".join(finding.words for finding in findings)
        super().__init__(words or "no working copy could be made")
        self.findings = tuple(findings)

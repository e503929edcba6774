"""What can go wrong with media and packages.

* ExportError
  - MediaError: about clips and copies
    - SandboxError: the sandbox itself cannot be started or lost its child; stop and tell a person
    - ToolError: ffmpeg is missing or does not answer; stop, the message says what to do
    - NoCopyError (in export/media/facts): no way gave a copy that holds what the master holds;
      refuse, a person decides
"""


class ExportError(Exception):
    """Base of all errors of media and packages."""


class MediaError(ExportError):
    """Base of all errors about clips and copies. A bad clip is never one: it is a finding."""


class SandboxError(MediaError):
    """The sandbox cannot be started, or broke down: our failure, not the clip's."""


class ToolError(MediaError):
    """A program that we bring along is missing or does not answer."""

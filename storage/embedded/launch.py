"""Adapter. Become an engine: give up root's powers, die with the service, and exec.

Run as a script, by path, with `launcher()` in front of the engine's own command line. It needs
Linux and nothing but the standard library, and is gone once the engine runs: same pid.
"""

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

NO_NAMESPACE = 77
"""Exit code: the machine refused a user namespace."""
PARENT_GONE = 78
"""Exit code: the service ended before the engine was started."""

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_NOBODY = 65534


def launcher(dies_by: signal.Signals | None) -> list[str]:
    """Return the words that go before an engine's command line.

    ``dies_by`` is the signal that the kernel sends the engine when the thread that started it
    ends; None for a program that is waited for.
    """
    python = [sys.executable, "-I", "-S", __file__]
    return [*python, str(os.getpid()), str(int(dies_by or 0))]


def needs_namespace() -> bool:
    """Tell whether PostgreSQL would refuse this user: root, or a uid that no name stands for."""
    if os.geteuid() == 0:
        return True
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


def _call(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _inner_uid() -> int:
    """Return a uid that has a name here and is not root: initdb asks for the name."""
    named = [entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid]
    return _NOBODY if _NOBODY in named or not named else named[0]


def _leave_root(libc: ctypes.CDLL) -> None:
    """Enter a user namespace in which this user has another number and no power over others.

    To the file system the user stays the same, so every file stays its own and no directory has
    to be opened for anybody; but root's capabilities are gone, and PostgreSQL does not see root.
    """
    uid, gid, inner = os.geteuid(), os.getegid(), _inner_uid()
    _call(libc.unshare(_CLONE_NEWUSER))
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{inner} {uid} 1\n", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{inner} {gid} 1\n", encoding="ascii")


def main(arguments: list[str]) -> int:
    """Set this process up and replace it by the program; return only if that fails."""
    parent, dies_by, program = int(arguments[0]), int(arguments[1]), arguments[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    os.umask(0o077)
    if needs_namespace():
        try:
            _leave_root(libc)
        except OSError as error:
            sys.stderr.write(f"no user namespace: {error.strerror}\n")
            return NO_NAMESPACE
    _call(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    # After the namespace: a change of credentials clears the signal.
    _call(libc.prctl(_PR_SET_PDEATHSIG, dies_by, 0, 0, 0))
    if os.getppid() != parent:
        return PARENT_GONE
    # What Python ignores, and what a thread of ours may have blocked, an engine must hear.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execv(program[0], program)  # noqa: S606 - this is what a launcher is for
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

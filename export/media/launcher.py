"""Adapter. Lock a program in, with the kernel's own means, and run it. Linux only.

Run as `python -I -S launcher.py SPEC` by `sandbox.run`, in a process of its own: a threaded
worker must not run Python between fork and exec. Imports nothing but the standard library.

    launcher ── unshares namespaces, waits, dies with its parent
      └ init   process 1 of the new pid namespace: when it ends, every process in it ends
          └ job    limits, Landlock, seccomp, then exec

Each protection is tried by itself; what the kernel refuses is named in the report, which goes as
one JSON line to the file descriptor `report`. Landlock ABI: linux/landlock.h.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import struct
import sys
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
MACHINE = os.uname().machine
NEWUSER, NEWNET, NEWIPC, NEWPID = 0x10000000, 0x40000000, 0x08000000, 0x20000000
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
NOBODY = 65534
FAILED = 125
"""Exit code of the launcher when the job could not be started; the report says why."""

# Landlock rights on files, by the ABI that brought them (linux/landlock.h).
EXECUTE, WRITE, READ, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
RIGHTS_5 = (1 << 16) - 1
ON_A_FILE = EXECUTE | WRITE | READ | 1 << 14 | 1 << 15
LANDLOCK_NET, LANDLOCK_SCOPE = 4, 6

# Architecture: audit number, clone, and the calls that are refused (EPERM):
# socket, socketpair, ptrace, mount, umount2, pivot_root, chroot, unshare, setns,
# process_vm_readv, process_vm_writev, bpf, userfaultfd, perf_event_open, open_by_handle_at,
# add_key, request_key, keyctl, then, alike everywhere, io_uring_*, the new mount calls,
# pidfd_getfd, mount_setattr. The aarch64 numbers are from its unistd.h and have not been run.
EVERYWHERE = (425, 426, 427, 428, 429, 430, 431, 432, 438, 442)
CALLS = {
    "x86_64": (
        0xC000003E,
        56,
        (41, 53, 101, 165, 166, 155, 161, 272, 308, 310, 311, 321, 323, 298, 304, 248, 249, 250),
    ),
    "aarch64": (
        0xC00000B7,
        220,
        (198, 199, 117, 40, 39, 41, 51, 97, 268, 270, 271, 280, 282, 241, 265, 217, 218, 219),
    ),
}
CLONE3 = 435
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38


def check(result: int, what: str) -> int:
    """Return what a system call returned. Raises: OSError if it failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def die_with_parent(parent: int) -> None:
    """End this process when its parent ends, and now if it has already ended."""
    check(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        os._exit(FAILED)


def own_namespaces() -> list[str]:
    """Enter user, network, IPC and pid namespaces; return what is missing, in words.

    In the user namespace we are nobody (65534), and outside we stay who we are: so the job can
    read the files that it is given below directories of mode 0700, holds no capability, and even
    as root needs no second account and no changed file owner (docs/adr/0003-sandbox.md).
    """
    missing = []
    uid, gid = os.geteuid(), os.getegid()
    try:
        check(LIBC.unshare(NEWUSER), "unshare")
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{NOBODY} {uid} 1")
        _write("/proc/self/gid_map", f"{NOBODY} {gid} 1")
    except OSError as error:
        missing.append(f"user namespace ({os.strerror(error.errno or 0)})")
    for flag, name in ((NEWNET, "network"), (NEWIPC, "IPC"), (NEWPID, "process")):
        try:
            check(LIBC.unshare(flag), "unshare")
        except OSError as error:
            missing.append(f"{name} namespace ({os.strerror(error.errno or 0)})")
    return missing


def drop_capabilities() -> None:
    """Take every capability out of reach. Without one there is nothing to drop (EPERM)."""
    for capability in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)  # capset(2), version 3, this process
    LIBC.capset(header, bytes(24))


def limit(limits: dict[str, int], *, own_user: bool) -> list[str]:
    """Set the resource limits; return what is missing, in words."""
    wanted = [
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ]
    if own_user:  # outside a user namespace it would count all that this user runs elsewhere
        wanted.append((resource.RLIMIT_NPROC, limits["processes"]))
    for what, value in wanted:
        hard = resource.getrlimit(what)[1]
        capped = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (capped, capped))
    return [] if own_user else ["limit on the number of processes (needs a user namespace)"]


def landlock(read: list[str], write: list[str]) -> list[str]:
    """Allow only these files: `read` to read and execute, `write` for all but executing.

    Return what is missing, in words.
    """
    abi = LIBC.syscall(444, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return [f"file access limits (Landlock: {os.strerror(ctypes.get_errno())})"]
    rights = RIGHTS.get(abi, RIGHTS_5)
    attributes = struct.pack("QQQ", rights, 3, 3)[: 24 if abi >= LANDLOCK_SCOPE else 16]
    attributes = attributes if abi >= LANDLOCK_NET else attributes[:8]
    size = ctypes.c_size_t(len(attributes))
    ruleset = check(LIBC.syscall(444, attributes, size, 0), "landlock_create_ruleset")
    for path in read:
        _allow(ruleset, path, (READ | READ_DIR | EXECUTE) & rights)
    for path in write:
        _allow(ruleset, path, rights & ~EXECUTE)
    _allow(ruleset, "/dev/null", READ | WRITE)
    _allow(ruleset, "/dev/urandom", READ)
    check(LIBC.syscall(446, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)
    if abi < LANDLOCK_SCOPE:
        return [f"limits on sockets and signals in Landlock (this kernel has version {abi} of 6)"]
    return []


def seccomp() -> list[str]:
    """Refuse system calls that no decoder needs; return what is missing, in words."""
    if MACHINE not in CALLS or sys.byteorder != "little":
        return [f"system call filter (no table for {MACHINE})"]
    code = _filter(*CALLS[MACHINE])
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    if LIBC.prctl(PR_SET_SECCOMP, 2, ctypes.create_string_buffer(program, 16), 0, 0) < 0:
        return [f"system call filter ({os.strerror(ctypes.get_errno())})"]
    return []


def _filter(audit: int, clone: int, refused: tuple[int, ...]) -> bytes:
    """Assemble the filter: (code, jump if true, jump if false, operand), seccomp(2)."""
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    steps = [(load, 0, 0, 4), (equal, 1, 0, audit), (answer, 0, 0, KILL), (load, 0, 0, 0)]
    if MACHINE == "x86_64":  # x32 has its own numbers for the same calls
        steps += [(at_least, 0, 1, 0x40000000), (answer, 0, 0, KILL)]
    for number in (*refused, *EVERYWHERE):
        steps += [(equal, 0, 1, number), (answer, 0, 0, ERRNO | EPERM)]
    # clone3 hides its flags from filters; told "no such call", the C library uses clone.
    steps += [(equal, 0, 1, CLONE3), (answer, 0, 0, ERRNO | ENOSYS)]
    # No new user namespace: it would give capabilities, and a larger piece of kernel to attack.
    steps += [(equal, 0, 3, clone), (load, 0, 0, 16), (any_bit, 0, 1, NEWUSER)]
    steps += [(answer, 0, 0, ERRNO | EPERM), (answer, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        where = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # /lib64 and the like do not exist everywhere
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib would double the start-up time
            rights &= ON_A_FILE
        rule = struct.pack("=Qi", rights, where)
        check(LIBC.syscall(445, ruleset, 1, rule, 0), f"landlock_add_rule {path}")
    finally:
        os.close(where)


def _write(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _fork() -> int:
    """Fork; in the child return 0, bound to die with its parent."""
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if not os.read(ready, 1):
            os._exit(FAILED)  # the parent went before the line above could bind us to it
        os.close(ready)
        return 0
    os.close(ready)
    os.write(go, b"1")
    os.close(go)
    return pid


def _job(spec: dict[str, Any], report: int, missing: list[str]) -> None:
    """Become the job. Does not return; on failure the report says why."""
    try:
        check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        own_user = not any(words.startswith("user namespace") for words in missing)
        os.chdir(spec["box"])
        missing += limit(spec["limits"], own_user=own_user)
        drop_capabilities()
        missing += landlock(spec["read"], [spec["box"]])
        missing += seccomp()
        _tell(report, {"missing": missing})
        os.execve(spec["argv"][0], spec["argv"], spec["env"])  # noqa: S606 - no shell is the point
    except BaseException as error:  # noqa: BLE001 - a forked half must never run on
        _tell(report, {"failed": f"{type(error).__name__}: {error}"})
    os._exit(FAILED)


def _tell(report: int, words: dict[str, object]) -> None:
    os.write(report, json.dumps(words).encode() + b"\n")


def main() -> int:
    """Lock in and run what the first argument describes; return 0 if there is a report."""
    spec = json.loads(sys.argv[1])
    report = int(spec["report"])
    os.set_inheritable(report, False)
    die_with_parent(int(spec["parent"]))
    missing = own_namespaces()
    init = _fork()
    if init == 0:
        job = _fork()
        if job == 0:
            _job(spec, report, missing)
        _, status, usage = os.wait4(job, 0)
        code = os.waitstatus_to_exitcode(status)
        _tell(report, {"exit": code, "max_rss_kib": usage.ru_maxrss})
        os._exit(0)  # the end of process 1 ends whatever the job has left behind
    with contextlib.suppress(ChildProcessError):
        os.waitpid(init, 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())

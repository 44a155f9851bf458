"""Replace this process by another program, after tying it to the life of its parent.

Run as a script (`python -I -S launcher.py PARENT_PID DEATH_SIGNAL USER_ID PROGRAM ARGUMENTS…`), so that no code runs
between fork and exec in a process that has threads. Imports the standard library only.

- The kernel sends DEATH_SIGNAL when the parent dies, even by SIGKILL (Linux; prctl(2), PR_SET_PDEATHSIG).
- USER_ID (`-` for none): PostgreSQL refuses to run as root. Folders above the program and its data may be open to root
  only (a 0700 home); instead of loosening them, the program keeps one capability, to read and search folders
  (capabilities(7), ambient set).
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2  # makes access(2), which PostgreSQL calls, honour the capability, too
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAP_SETPCAP = 8
CAPABILITY_VERSION_3 = 0x20080522


class CapabilityHeader(ctypes.Structure):
    """`struct __user_cap_header_struct` of capset(2)."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilitySet(ctypes.Structure):
    """`struct __user_cap_data_struct` of capset(2), of which version 3 takes two."""

    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


CapabilitySets = CapabilitySet * 2


def system_call(name: str, *arguments: object) -> None:
    """Call a C function that returns 0 on success. Raises OSError."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def prctl(option: int, value: int, detail: int = 0) -> None:
    """Call prctl(2), all arguments as unsigned longs. Raises OSError."""
    system_call("prctl", *(ctypes.c_ulong(number) for number in (option, value, detail, 0, 0)))


def permitted_capabilities() -> int:
    """Return this process's permitted capabilities as a bit mask of the first 32."""
    sets = CapabilitySets()
    system_call("capget", ctypes.byref(CapabilityHeader(CAPABILITY_VERSION_3, 0)), ctypes.byref(sets))
    return int(sets[0].permitted)


def keep_only(capability: int) -> None:
    """Drop all capabilities but one, and keep that across exec (ambient set)."""
    bit = 1 << capability
    sets = CapabilitySets(CapabilitySet(bit, bit, bit), CapabilitySet())
    system_call("capset", ctypes.byref(CapabilityHeader(CAPABILITY_VERSION_3, 0)), ctypes.byref(sets))
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def drop_root(user_id: int) -> None:
    """Change to an unprivileged user; on Linux keep the capability to read closed folders, if there is one."""
    reading = None
    if sys.platform == "linux":
        reading = reading_capability()
    os.setgroups([])
    os.setgid(user_id)
    os.setuid(user_id)
    if reading is not None:
        keep_only(reading)
        prctl(PR_SET_NO_NEW_PRIVS, 1)


def reading_capability() -> int | None:
    """Return the least capability that reads below closed folders, if this process may pass one on."""
    chosen = least_reading(permitted_capabilities())
    try:
        prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    except OSError:
        return None  # a container without CAP_SETPCAP: its folders must be readable
    return chosen


def least_reading(permitted: int) -> int | None:
    """Return the least capability of the mask that reads below closed folders."""
    return next((cap for cap in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if permitted & (1 << cap)), None)


def may_keep_reading(permitted: int) -> bool:
    """Return whether a process with these capabilities can pass on the one to read, as `drop_root` tries to."""
    return bool(permitted & (1 << CAP_SETPCAP)) and least_reading(permitted) is not None


def tie_to_parent(parent_pid: int, death_signal: int) -> None:
    """Ask the kernel to send `death_signal` when the parent dies; exit if it has died already."""
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent_pid:  # it died before prctl took effect
        sys.exit(1)


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, drop root where a user is given, and become the program."""
    parent_pid, death_signal, user_id, program, *rest = arguments
    try:
        if user_id != "-":
            drop_root(int(user_id))
        tie_to_parent(int(parent_pid), int(death_signal))  # last: a change of user clears the death signal
        os.execv(program, [program, *rest])
    except OSError as error:
        who = "" if user_id == "-" else f" as user {user_id} (PostgreSQL does not run as root)"
        sys.exit(f"cannot start {program}{who}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])

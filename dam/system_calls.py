"""Numbers of the system calls that the sandbox refuses, from the kernel's tables."""

from typing import NamedTuple


class SystemCalls(NamedTuple):
    """Numbers of the system calls that are refused, or allowed in part, of one machine.

    Attributes:
        machine: Its own number in audit.h.
        refused: Always.
        executing: Unless the process is to run another program.
        on_others: Unless their first argument is this process.
        on_others_or_all: Unless their first argument is this process, or 0, which means the same.
        clone: Unless it starts a thread. `clone3` is said not to exist, so glibc uses this one.
        ioctl, fcntl: But with the commands of `IOCTLS` and `FCNTLS`.
        mmap: With memory that the limit of a process does not count.
        prctl: If it undoes that the process ends with its parent.
        seccomp: The call that sets the filter.
    """

    machine: int
    refused: tuple[int, ...]
    executing: tuple[int, ...]
    on_others: tuple[int, ...]
    on_others_or_all: tuple[int, ...]
    clone: int
    ioctl: int
    fcntl: int
    mmap: int
    prctl: int
    seccomp: int


SYSTEM_CALLS = {
    "x86_64": SystemCalls(
        machine=0xC000003E,
        refused=(
            *(41, 53, 425),  # socket, socketpair, io_uring_setup
            *(101, 310, 311, 438, 321, 298, 323),  # into other processes, and into the kernel
            *(165, 304, 76),  # mount, open_by_handle_at, truncate
            *(90, 91, 268, 452, 92, 93, 94, 260),  # chmod, chown
            *(132, 235, 261, 280, 188, 189, 190, 197, 198, 199),  # times, attributes
            *(191, 192, 194, 195),  # getxattr, listxattr: also of files that may not be opened
            *(73, 447),  # flock, memfd_secret
            *(129, 200, 297, 424),  # signals by other calls than `kill` and `tgkill`
            *(57, 58, 109, 112),  # fork, vfork, setpgid, setsid
            *(141, 251),  # setpriority, ioprio_set
            *(29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240, 241),  # shm*, sem*, msg*, mq_*
            *(248, 249, 250, 254, 300),  # keys, inotify_add_watch, fanotify_init
            *(272, 308),  # unshare, setns
            *(175, 313, 176, 246, 320, 169, 164, 227, 167, 168),  # modules, kexec, clock, swap
        ),
        executing=(59, 322),  # execve, execveat
        on_others=(62, 234),  # kill, tgkill
        on_others_or_all=(302, 203, 144, 142, 314),  # prlimit64, sched_set*
        clone=56,
        ioctl=16,
        fcntl=72,
        mmap=9,
        prctl=157,
        seccomp=317,
    ),
    "aarch64": SystemCalls(
        machine=0xC00000B7,
        refused=(
            *(198, 199, 425),
            *(117, 270, 271, 438, 280, 241, 282),
            *(40, 265, 45),
            *(52, 53, 452, 54, 55),
            *(88, 5, 6, 7, 14, 15, 16),
            *(8, 9, 11, 12),
            *(32, 447),
            *(138, 130, 240, 424),
            *(154, 157),
            *(140, 30),
            *(194, 196, 195, 190, 193, 191, 192, 186, 189, 188, 187, 180, 181),
            *(217, 218, 219, 27, 262),
            *(97, 268),
            *(105, 273, 106, 104, 294, 142, 170, 112, 224, 225),
        ),
        executing=(221, 281),
        on_others=(129, 131),
        on_others_or_all=(261, 122, 119, 118, 274),
        clone=220,
        ioctl=29,
        fcntl=25,
        mmap=222,
        prctl=167,
        seccomp=277,
    ),
}

CLONE3 = 435
"""The same on all machines, as all calls are that came later."""

FIRST_UNKNOWN = 463
"""The first call that is said not to exist, with all later ones: they came after Linux 6.12.

Libraries use an older call then. Among them are those that change and read attributes by name
(`setxattrat` to `file_setattr`, 463 to 469), and those that nobody has looked at yet.
"""

IOCTLS = (
    *(0x5401, 0x802C542A),  # TCGETS, TCGETS2: is it a terminal?
    *(0x5413, 0x541B, 0x5421, 0x5450, 0x5451),  # TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
)
"""The only commands of `ioctl` that are allowed: others change the user's file, or a terminal."""

FCNTLS = (*range(5), 1030)
"""The only commands of `fcntl`: F_DUPFD to F_SETFL, F_DUPFD_CLOEXEC. Others lock or lease the
user's file, or signal its owner, which may be another process."""

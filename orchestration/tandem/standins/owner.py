"""How a stand-in's process ends with its owner, on every system that has pipes."""

from __future__ import annotations

import os
import select
import sys
import threading

WATCH_SECONDS = 0.2


def end_with(owner: int | None) -> None:
    """Let this process end when its owner is gone; without an owner it stays until it is stopped.

    It ends when standard input closes or its parent changes: however the owner dies, even by SIGKILL, the kernel does
    one or both, also while a forked child of the owner still holds the pipe.
    """
    if owner is not None:
        threading.Thread(target=_watch, args=(owner,), daemon=True).start()


def _watch(owner: int) -> None:
    while os.getppid() == owner:
        readable, _, _ = select.select([sys.stdin], [], [], WATCH_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            break
    os._exit(0)

"""Loops compiled to machine code by numba.

Modules that define such loops are imported where they are needed, not at the top:
numba takes most of a second to import, which most commands need not wait for. A
compiled function may call others of its own module only, since what numba keeps on
disk is made anew when that one file changes. Constants of other modules are compiled
in: who changes one changes the modules that use it, or their kept code stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

Given = ParamSpec("Given")
Returned = TypeVar("Returned")


def compiled(function: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """Compile a function at its first call, and keep the code for other processes.

    The code is kept beside the source, or in the user's cache folder when that
    cannot be written to. Where neither can be, each process compiles for itself.
    The interpreter is not held during a call, so threads run at the same time.
    """
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:
        # What numba raises when it finds no folder to write to; nothing else is tried
        # before the first call.
        return njit(nogil=True)(function)

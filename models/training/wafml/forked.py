"""Calls of a function in forked processes: large arrays are shared with them, results come back by pickle."""

import multiprocessing
from typing import Callable, Iterable

_call: "Callable | None" = None


def _run(argument):
    return _call(argument)


def forked(call: Callable, arguments: Iterable, processes: int) -> list:
    """`[call(a) for a in arguments]` on this many processes. A closure cannot be pickled, so it is inherited."""
    global _call
    if processes < 2:
        return [call(a) for a in arguments]
    _call = call
    try:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            return pool.map(_run, list(arguments), chunksize=1)
    finally:
        _call = None

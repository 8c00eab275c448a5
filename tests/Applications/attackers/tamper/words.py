"""A tamper script for sqlmap: ordinary words on both sides of the payload, in comments, so that the statement stays what it was."""

from lib.core.enums import PRIORITY

__priority__ = PRIORITY.LOWEST

WORDS = ("the garden is open from nine until six and everybody is welcome to walk among the roses and have tea in the old "
         "orangery with a view of the river and the hills beyond ")


def tamper(payload, **kwargs):
    if not payload:
        return payload
    head, separator, tail = payload.partition(" ")
    if not separator:
        return payload
    return f"{head}/*{WORDS}*/ {tail}/*{WORDS}*/" if not tail.rstrip().endswith(("--", "#", "-")) else f"{head}/*{WORDS}*/ {tail} {WORDS}"

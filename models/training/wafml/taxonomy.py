"""Attack families and the types within them, as the transformer names them.

The data sets say what an attack is only roughly. The type within SQL injection, scripts, LDAP and XXE is told by its
form: the first pattern that is found in one of the request's normalised values counts. Attacks of no family
(scanners, `other`) and those whose form is none of these teach only that they are attacks.
"""

import re
from typing import Iterable

FAMILIES = ("sqli", "xss", "command", "path", "ldap", "xxe")
TYPES = (
    ("union", "timed", "error", "boolean", "nosql"),
    ("script", "handler", "scheme", "frame", "markup", "code", "header"),
    ("shell", "program", "template", "lookup"),
    ("traversal", "inclusion", "address"),
    ("filter", "wildcard", "boolean"),
    ("file", "address", "parameter", "expansion"),
)
TYPE_COUNT = sum(map(len, TYPES))
FIRST_TYPE = tuple(sum(map(len, TYPES[:i])) for i in range(len(TYPES)))
NONE = -1

# Labels of the data that are a type already.
_BY_LABEL = {
    "nosqli": (0, 4),
    "crlf": (1, 6),
    "cmdi": (2, 0),
    "java": (2, 1),
    "php": (2, 1),
    "ssti": (2, 2),
    "log4shell": (2, 3),
    "shellshock": (2, 0),
    "path-traversal": (3, 0),
    "rfi": (3, 1),
    "ssrf": (3, 2),
}
_BY_FORM = {
    "sqli": (
        0,
        (
            rb"union[\s(]+(?:all[\s(]+)?(?:select|distinct)",
            rb"sleep\s*\(|benchmark\s*\(|waitfor\s+delay|pg_sleep|dbms_(?:pipe|lock)",
            rb"extractvalue|updatexml|cast\s*\(|convert\s*\(|utl_inaddr|ctxsys|floor\s*\(\s*rand",
            rb"\b(?:or|and|xor|where|having|rlike|like)\b|\|\||&&",
        ),
    ),
    "xss": (
        1,
        (
            rb"<\W{0,8}script",
            rb"\bon[a-z]{3,20}\s*=",
            rb"(?:javascript|vbscript|data)\s*:",
            rb"<\W{0,8}(?:iframe|frame|object|embed)",
            rb"<\W{0,8}[a-z!/]",
            rb"alert\s*[(`]|document\.|eval\s*\(|prompt\s*\(|confirm\s*\(|\{\{",
        ),
    ),
    "ldapi": (4, (rb"\)\s*\(", rb"\*", rb"[|&!]")),
    "xxe": (
        5,
        (rb"<!entity\s+%", rb"(?:file|php|expect|jar|netdoc)\s*:", rb"https?\s*:|ftp\s*:|gopher\s*:", rb"<!entity"),
    ),
}
_BY_FORM_RE = {
    label: (family, tuple(re.compile(p) for p in patterns)) for label, (family, patterns) in _BY_FORM.items()
}
_XXE_TYPES = (2, 0, 1, 3)  # the patterns' order is not the types'


def classify(attack: "str | None", texts: "Iterable[bytes]") -> "tuple[int, int]":
    """Family and type (a number over all families, from FIRST_TYPE), NONE for what is not known."""
    if attack in _BY_LABEL:
        family, kind = _BY_LABEL[attack]
        return family, FIRST_TYPE[family] + kind
    if attack not in _BY_FORM_RE:
        return NONE, NONE
    family, patterns = _BY_FORM_RE[attack]
    texts = list(texts)
    for index, pattern in enumerate(patterns):
        if any(pattern.search(t) for t in texts):
            kind = _XXE_TYPES[index] if attack == "xxe" else index
            return family, FIRST_TYPE[family] + kind
    return family, NONE


def type_name(number: int) -> str:
    """`family/type` of a type's number."""
    family = max(f for f in range(len(FAMILIES)) if FIRST_TYPE[f] <= number)
    return f"{FAMILIES[family]}/{TYPES[family][number - FIRST_TYPE[family]]}"

"""Expands small grammars: `{symbol}` picks an alternative of that symbol, `{{` and `}}` are braces."""

import random
import re
import string

_SYMBOL_RE = re.compile(r"\{\{|\}\}|\{([A-Za-z0-9_]+)\}")
DEPTH_MAX = 12


def _letters(rng: random.Random, low: int, high: int, alphabet: str = string.ascii_lowercase) -> str:
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(low, high)))


def _ip(rng: random.Random) -> str:
    return ".".join(str(rng.randint(1, 254)) for _ in range(4))


BUILT_IN = {
    "word": lambda r: _letters(r, 3, 8),
    "var": lambda r: _letters(r, 1, 3),
    "W": lambda r: _letters(r, 3, 7).capitalize(),
    "id": lambda r: _letters(r, 4, 4),
    "token": lambda r: _letters(r, 12, 40, string.ascii_letters + string.digits),
    "b64": lambda r: _letters(r, 16, 120, string.ascii_letters + string.digits + "+/") + r.choice(("", "=", "==")),
    "hex": lambda r: _letters(r, 8, 40, "0123456789abcdef"),
    "d": lambda r: str(r.randint(0, 9)),
    "n": lambda r: str(r.choice((r.randint(0, 9), r.randint(10, 99), r.randint(100, 9999), r.randint(10000, 9999999)))),
    "n4": lambda r: str(r.randint(1000, 9999)),
    "ip": _ip,
    "port": lambda r: str(r.choice((80, 443, 3000, 4444, 5000, 8000, 8080, 8443, 9000, r.randint(1024, 65535)))),
    "host": lambda r: f"{_letters(r, 3, 9)}.{r.choice(('com', 'net', 'org', 'io', 'example', 'xyz', 'co.uk', 'de'))}",
    "uuid": lambda r: "-".join(_letters(r, k, k, "0123456789abcdef") for k in (8, 4, 4, 4, 12)),
    "date": lambda r: f"{r.randint(1990, 2026)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}",
    "f": lambda r: f"{r.uniform(-200, 2000):.{r.randint(1, 6)}f}",
}


class Grammar:
    def __init__(self, rules: "dict[str, list[str]]"):
        self.rules = rules
        missing = {m[1] for alternatives in rules.values() for a in alternatives for m in _SYMBOL_RE.finditer(a)
                   if m[1] and m[1] not in rules and m[1] not in BUILT_IN}
        if missing:
            raise ValueError(f"grammar symbols without a rule: {sorted(missing)}")

    def expand(self, symbol: str, rng: random.Random, depth: int = 0) -> str:
        built_in = BUILT_IN.get(symbol)
        if built_in is not None and symbol not in self.rules:
            return built_in(rng)
        alternatives = self.rules[symbol]
        text = min(alternatives, key=len) if depth > DEPTH_MAX else rng.choice(alternatives)

        def replace(m: "re.Match[str]") -> str:
            if m[0] in ("{{", "}}"):
                return m[0][0]
            return self.expand(m[1], rng, depth + 1)

        return _SYMBOL_RE.sub(replace, text)

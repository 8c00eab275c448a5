"""Expands small grammars: `{symbol}` picks an alternative of that symbol, `{{` and `}}` are braces."""

import random
import re
import string

_SYMBOL_RE = re.compile(r"\{\{|\}\}|\{([A-Za-z0-9_]+)\}")
DEPTH_MAX = 12


def _letters(rng: random.Random, low: int, high: int, alphabet: str = string.ascii_lowercase) -> str:
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(low, high)))


# Names, verbs and parameter values as people write them: a grammar of random letters alone teaches that real words are harmless.
_WORDS = """about account action active address admin album amount answer apple archive article author avatar balance banana bank basket beach bill
black blog blue board book bottle branch bread bridge broker brown browse budget build button buyer camera campaign candle capital card career cart
catalog center chair change channel chapter charge chart check cheese child choice city clean client clock cloud coach coffee color column comment
common company contact content contract copy corner cost country county course cover craft credit culture current custom customer daily dark date
dealer deep default delivery demo depot design desk detail device dinner direct discount display district doctor dollar domain double download
draft dream dress drive early earth east easy edit editor effect email employee energy engine english entry error estate evening event example
exchange export express factor family farm fashion fast feature feedback field figure filter final finance find first fish flight floor flower
focus folder food force form forum frame free french fresh friday friend front fruit full future gallery game garden gate general german gift glass
global gold good green ground group growth guest guide hair half hall hand happy harbor head health heart heavy help high hill history holiday
home hotel hour house human image impact income index industry info inner input inside insurance internet invoice island issue item january job
join journal july june junior keyword kitchen label lake land language large last later latest launch lead learn leave left legal lesson letter
level library life light limit line link list little live local login logo london long lower lunch machine magazine main manager manual map march
market master match material matter meal media medium meeting member memory menu message method middle mobile model modern module monday money
month morning mortgage mother motion mountain mouse movie music name nation nature network never news next night normal north note notice number
object offer office online open option orange order origin other outdoor output owner page paint panel paper parent park part partner party pass
password path payment people period person phone photo picture piece place plan plant plate play player please plus point policy pool popular port
post power premium present press price print privacy private product profile program project public purchase quality quantity query question quick
quiet quote radio rain rating read ready real record region release remote rent reply report request reset result return review right river road
role room root rose round route royal safe salad sale sample saturday save scale school science scope score screen search season second section
secure seller senior series server service session setting shape share shelf ship shirt shoes shop short show side sign silver simple single site
size skill small smart snow social software solid sort sound source south space special speed sport spring staff stage standard star start state
station status step stock stone store story street student studio study style submit subject suite summer sunday supply support survey switch
system table target task teacher team term test text theme ticket time title today tomorrow topic total tour town track trade traffic train
transfer travel tree trend trip true trust type update upload upper user value vendor version video view village visit visitor volume water weather
website week weekend welcome west white wide window winter woman wood word work world write yellow young zone lorem ipsum dolor amet consectetur
adipiscing elit tempor labore magna aliqua veniam nostrud ullamco laboris nisi aliquip commodo voluptas quisquam repellat alias""".split()


def _ip(rng: random.Random) -> str:
    return ".".join(str(rng.randint(1, 254)) for _ in range(4))


BUILT_IN = {
    "word": lambda r: r.choice(_WORDS) if r.random() < 0.5 else _letters(r, 3, 8),
    "var": lambda r: _letters(r, 1, 3),
    "W": lambda r: (r.choice(_WORDS) if r.random() < 0.5 else _letters(r, 3, 7)).capitalize(),
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

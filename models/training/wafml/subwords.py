"""Subwords of HTTP values: byte-pair encoding that is kept in the JSON format of Hugging Face's `tokenizers`.

This file is the specification; `models/Features/SubwordTokenizer.cs` implements the same and both are held equal by
`models/Features/golden/subwords.jsonl`.

A value (normalised, see normalize.py) is cut into words: letters, digits or signs, each with at most one space before
it, of at most LETTERS_MAX, DIGITS_MAX or SIGNS_MAX bytes; any other white space is a word of one byte. Within a word
the pair of neighbours with the lowest merge number is joined until none is left. Every byte is a token, so nothing is
unknown, and as words are short the work is in proportion to the bytes whatever they are.

Special tokens stand for no text: a value that spells one is cut into subwords like any other. Readers of the JSON
file that look for special tokens in texts have to turn that off (`encode_special_tokens`).
"""

import json
import re

LETTERS_MAX = 24
DIGITS_MAX = 4
SIGNS_MAX = 8
MEMO_WORDS_MAX = 1 << 18

CONTROL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT")
HTTP = (
    "<HTTP_METHOD>",
    "<HTTP_VERSION>",
    "<STATUS_CODE>",
    "<CONTENT_TYPE>",
    "<USER_AGENT>",
    "<REFERER>",
    "<COOKIE>",
    "<HEADER>",
)
URL = ("<SCHEME>", "<DOMAIN>", "<PATH>", "<QUERY>", "<FRAGMENT>", "<SUBDOMAIN>", "<TLD>", "<PORT>")
PARAMETERS = ("<PARAM_NAME>", "<PARAM_VALUE>", "<FORM>", "<JSON>", "<XML>", "<MULTIPART>", "<BODY>")
PLACEHOLDERS = ("<ID>", "<HASH>", "<SESSION_ID>", "<CSRF_TOKEN>", "<API_KEY>", "<AUTH_TOKEN>", "<JWT>")
INDICATORS = (
    "<SQL_KEYWORD>",
    "<SCRIPT_TAG>",
    "<COMMAND>",
    "<PATH_TRAVERSAL>",
    "<ENCODED_PAYLOAD>",
    "<OBFUSCATED>",
    "<MALICIOUS_PATTERN>",
)
FLAG_TOKENS = tuple(f"<FLAG_{i}>" for i in range(15))  # of normalize.FLAG_NAMES
SPECIAL = CONTROL + METHODS + HTTP + URL + PARAMETERS + PLACEHOLDERS + INDICATORS + FLAG_TOKENS
PAD, UNK, CLS, SEP = range(4)
BYTE_BASE = len(SPECIAL)

_WORD_RE = re.compile(
    rb" ?[A-Za-z_\x80-\xff]{1,%d}| ?[0-9]{1,%d}| ?[!-/:-@\[-^`{-~]{1,%d}|[\x00-\x20\x7f]"
    % (LETTERS_MAX, DIGITS_MAX, SIGNS_MAX)
)
# The same over the characters that byte-level tokenizers write for bytes (0 to 32 are U+0100 to U+0120, a space is
# U+0120).
PATTERN = (
    "\u0120?[A-Za-z_\u00a1-\u00ac\u00ae-\u00ff\u0122-\u0143]{1,%d}|\u0120?[0-9]{1,%d}|\u0120?[!-/:-@\\[-^`{-~]{1,%d}"
    "|[\u0100-\u0121]" % (LETTERS_MAX, DIGITS_MAX, SIGNS_MAX)
)


def _characters() -> "list[str]":
    """The character that stands for each byte in byte-level tokenizers: itself if it can be seen, else one from
    U+0100 on.
    """
    seen = {*range(33, 127), *range(161, 173), *range(174, 256)}
    out, hidden = [], 0
    for b in range(256):
        out.append(chr(b) if b in seen else chr(256 + hidden))
        hidden += b not in seen
    return out


CHARACTERS = _characters()
_BYTES = {c: b for b, c in enumerate(CHARACTERS)}


def words(value: bytes) -> "list[bytes]":
    """The words of a value; joined they are the value."""
    return _WORD_RE.findall(value)


def spelled(token: bytes) -> str:
    """A token as the JSON file writes it."""
    return "".join(CHARACTERS[b] for b in token)


class Subwords:
    """A vocabulary: SPECIAL, the 256 bytes, and one token for each merge, in this order."""

    def __init__(self, merges: "list[tuple[int, int]]") -> None:
        self.merges = merges
        self.tokens = [b""] * BYTE_BASE + [bytes((b,)) for b in range(256)]
        for left, right in merges:
            if not BYTE_BASE <= min(left, right) <= max(left, right) < len(self.tokens):
                raise ValueError("a merge joins tokens that are not known yet")
            self.tokens.append(self.tokens[left] + self.tokens[right])
        if len(set(self.tokens[BYTE_BASE:])) != len(self.tokens) - BYTE_BASE:
            raise ValueError("two merges make the same token")
        self._merged = {pair: BYTE_BASE + 256 + i for i, pair in enumerate(merges)}
        self._memo: "dict[bytes, tuple[int, ...]]" = {}

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, value: bytes) -> "list[int]":
        """The tokens of a value."""
        out: "list[int]" = []
        memo = self._memo
        for word in _WORD_RE.findall(value):
            ids = memo.get(word)
            if ids is None:
                if len(memo) >= MEMO_WORDS_MAX:
                    memo.clear()
                ids = memo[word] = tuple(self._word(word))
            out += ids
        return out

    def _word(self, word: bytes) -> "list[int]":
        ids = [BYTE_BASE + b for b in word]
        while len(ids) > 1:
            best = min((self._merged.get(pair, len(self.tokens)) for pair in zip(ids, ids[1:])))
            if best == len(self.tokens):
                break
            left, right = self.merges[best - BYTE_BASE - 256]
            at, joined = 0, []
            while at < len(ids):
                is_pair = at + 1 < len(ids) and ids[at] == left and ids[at + 1] == right
                joined.append(best if is_pair else ids[at])
                at += 2 if is_pair else 1
            ids = joined
        return ids

    def decode(self, ids: "list[int]") -> bytes:
        """The bytes of tokens; special ones have none."""
        return b"".join(self.tokens[i] for i in ids)

    def to_json(self) -> str:
        """The file that Hugging Face's `tokenizers` reads (`Tokenizer.from_file`)."""
        vocabulary = {name: i for i, name in enumerate(SPECIAL)}
        vocabulary.update((spelled(t), BYTE_BASE + i) for i, t in enumerate(self.tokens[BYTE_BASE:]))
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
        added = [
            {
                "id": i,
                "content": name,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for i, name in enumerate(SPECIAL)
        ]
        return json.dumps(
            {
                "version": "1.0",
                "truncation": None,
                "padding": None,
                "added_tokens": added,
                "normalizer": None,
                "pre_tokenizer": {"type": "Sequence", "pretokenizers": [byte_level, split]},
                "post_processor": None,
                "decoder": byte_level,
                "model": {
                    "type": "BPE",
                    "dropout": None,
                    "unk_token": "[UNK]",
                    "continuing_subword_prefix": None,
                    "end_of_word_suffix": None,
                    "fuse_unk": False,
                    "byte_fallback": False,
                    "ignore_merges": False,
                    "vocab": vocabulary,
                    "merges": [f"{spelled(self.tokens[a])} {spelled(self.tokens[b])}" for a, b in self.merges],
                },
            },
            ensure_ascii=True,
            separators=(",", ":"),
        )

    @staticmethod
    def from_json(text: str) -> "Subwords":
        """Reads what `to_json` writes; refuses files whose words, special tokens or numbers are others."""
        file = json.loads(text)
        model, steps = file["model"], (file.get("pre_tokenizer") or {}).get("pretokenizers", ())
        if model["type"] != "BPE" or [t["content"] for t in file["added_tokens"]] != list(SPECIAL):
            raise ValueError("not a subword vocabulary of this version")
        if len(steps) != 2 or steps[0]["type"] != "ByteLevel" or steps[1].get("pattern") != {"Regex": PATTERN}:
            raise ValueError("the vocabulary cuts values into words in another way")
        numbers = {bytes((b,)): BYTE_BASE + b for b in range(256)}
        merges = []
        for line in model["merges"]:
            left, right = (
                bytes(_BYTES[c] for c in part) for part in (line.split(" ") if isinstance(line, str) else line)
            )
            merges.append((numbers[left], numbers[right]))
            numbers.setdefault(left + right, BYTE_BASE + 255 + len(merges))
        subwords = Subwords(merges)
        if any(model["vocab"].get(spelled(t)) != i for t, i in numbers.items()):
            raise ValueError("tokens and merges of the vocabulary do not belong together")
        return subwords

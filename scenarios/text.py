"""What can be wrong with the text of a scenario file before it is YAML: encoding, tabs, full-width punctuation."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from io_tables.errors import InputError, Problem

#: Full-width punctuation and the YAML character that was meant.
FULL_WIDTH = {
    "：": ":",
    "，": ",",
    "｛": "{",
    "｝": "}",
    "［": "[",
    "］": "]",
    "＃": "#",
    "－": "-",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
}
_OPENING = tuple("“”‘’｛［－")
_KEY_BEFORE_COLON = re.compile(r"\s*(?:- )?[\w .-]{1,60}：")


def read_text(path: Path, shown: str) -> str:
    """The text of a UTF-8 file. Raises InputError naming the first byte that is not UTF-8."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(Problem(shown, f"cannot be read: {error.strerror}", "check the path")) from None
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(Problem(f"{shown}:1:1", "the file is UTF-16", "save it as UTF-8"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        try:
            raw.decode("gb18030")
            guess = "it looks like GBK; save it as UTF-8"
        except UnicodeDecodeError:
            guess = "save it as UTF-8"
        raise InputError(Problem(f"{shown}:{line}:{column}", "the file is not UTF-8", guess)) from None


def full_width_in(text: str, flow: bool, is_key: bool) -> str:
    """The full-width character that was meant as YAML punctuation in an unquoted scalar, or ''."""
    if text.startswith(_OPENING):
        return text[0]
    if is_key or flow:
        meant = next((c for c in text if c in "：，｛｝［］“”"), "")
        if meant:
            return meant
    # A whole 'key：value' read as one value.
    return "：" if re.match(r"[A-Za-z_][\w-]*：", text) else ""


def indentation_problems(text: str, shown: str) -> list[Problem]:
    """Lines indented with tabs or full-width spaces."""
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        indent = line[: len(line) - len(line.lstrip(" \t\u3000"))]
        if line.strip() and not line.strip().startswith("#"):
            for sign, name in (("\t", "a tab"), ("\u3000", "a full-width space")):
                if sign in indent:
                    place = f"{shown}:{number}:{indent.index(sign) + 1}"
                    problems.append(Problem(place, f"indented with {name}", "indent with spaces"))
    return problems


def full_width_problems(text: str, shown: str) -> list[Problem]:
    """Lines of an unreadable file where full-width punctuation stands for YAML punctuation."""
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        code = line.partition(" #")[0]
        if code.lstrip().startswith("#"):
            continue
        column = next((i for i, c in enumerate(code) if c in "｛［“‘" and re.search(r"(^|[:,\[{-]\s*)$", code[:i])), -1)
        key = _KEY_BEFORE_COLON.match(code)
        if key:
            column = key.end() - 1
        elif column < 0 and re.search(r"[\[{]", code):
            column = next((i for i, c in enumerate(code) if c in "，：｝］”"), -1)
        if column >= 0:
            sign = code[column]
            problems.append(
                Problem(f"{shown}:{number}:{column + 1}", f"full-width '{sign}'", f"write '{FULL_WIDTH[sign]}'")
            )
    return problems

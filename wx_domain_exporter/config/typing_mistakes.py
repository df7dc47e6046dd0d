"""Mistakes of typing that YAML does not notice or explain, such as full-width characters, tabs, `${NAME}`."""

import difflib
import re
from collections.abc import Mapping

from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS
from wx_domain_exporter.errcodes.types import BilingualText

_HALF_WIDTH = {
    **{chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)},  # the full-width forms of ASCII
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("、", ","),
    **dict.fromkeys("。", "."),
    "【": "[",
    "】": "]",
    "\u3000": " ",
    "\u00a0": " ",
}
"""What stands on the same key of the keyboard, by the character that a Chinese input method writes."""
_TABLE = str.maketrans(_HALF_WIDTH)
_FULL_WIDTH = re.compile(f"[{''.join(map(re.escape, _HALF_WIDTH))}]")
_QUOTES = "“”„‘’"
_BRACED = re.compile(r"\$\{\s*([A-Za-z_]\w*)[^}]*\}|\$\(([A-Za-z_]\w*)\)", re.ASCII)
_VARIABLE = re.compile(r"\s*\$([A-Z_][A-Z0-9_]*)\s*")
_VARIABLE_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_CODE = re.compile(r"\s*[^\s#]")
_KEY_WITH_FULL_WIDTH_COLON = re.compile(r"\s*(?:-\s+)*[A-Za-z0-9_.-]+：")
_KEY_WITHOUT_SPACE = re.compile(r"\s*(?:-\s+)*[a-z_]+:[^\s:/#]")
_INDENTED_WITH_TAB = re.compile(r"[ -]*\t\s*[^\s#]")
_KNOWN_CATEGORIES = (*DEFAULT_LIMITS, "prefetchdnsdomain")
_SIMILAR = 0.88
"""How similar a category must be to a known one to be taken for a mistake; 1 is equal."""
_TAB = BilingualText("is indented with a tab; allowed: spaces", "用制表符（Tab）缩进；请改用空格")

_NO_SPACE = BilingualText(
    "has no space after the colon of a key; allowed: : and a space",
    "键的冒号后缺少空格；请在冒号后加一个空格",
)


def half_width(text: str) -> str:
    """Return a text with the ASCII characters that its full-width ones stand for."""
    return text.translate(_TABLE)


def full_width(text: str) -> BilingualText | None:
    """Return the error for a text that should have no full-width characters; None if it has none."""
    char = full_width_character(text)
    return None if char is None else _with_remedy(char)


def full_width_character(text: str) -> str | None:
    """Return the first full-width character of a text, or another one that is mistaken for ASCII."""
    found = _FULL_WIDTH.search(text)
    return None if found is None else found[0]


def problem_with(char: str) -> BilingualText:
    """Return what is wrong with a text that contains such a character."""
    if not char.strip():
        code = f"U+{ord(char):04X}"
        return BilingualText(
            f"contains a space that is not an ASCII space ({code})", f"含有不是半角空格的空白字符（{code}）"
        )
    if char in _QUOTES:
        return BilingualText(f"contains the quotation mark {char}", f"含有中文引号 {char}")
    return BilingualText(f"contains the full-width character {char}", f"含有全角字符“{char}”")


def _with_remedy(char: str) -> BilingualText:
    problem, ascii_char = problem_with(char), _HALF_WIDTH[char]
    if char in _QUOTES:
        allowed = BilingualText("\" or ', or no quotes", "请改为半角引号 \" 或 '，或去掉引号")
    elif char == "：":
        allowed = BilingualText(": and a space", "请改为半角“:”加一个空格")
    elif ascii_char == " ":
        allowed = BilingualText("an ASCII space", "请改为半角空格")
    else:
        allowed = BilingualText(ascii_char, f"请改为半角“{ascii_char}”")
    return BilingualText(f"{problem.en}; allowed: {allowed.en}", f"{problem.zh}；{allowed.zh}")


def variable(text: str, *, secret: bool) -> BilingualText | None:
    """Return the error for a text with `${NAME}`, which nothing replaces; None if it has none.

    Args:
        text: the text.
        secret: whether a secret is expected, which could be `$NAME` too.
    """
    found = _BRACED.search(text) or (_VARIABLE.fullmatch(text) if secret else None)
    if found is None:
        return None
    if secret:
        name = next(filter(None, found.groups()), "")
        known = _VARIABLE_NAME.fullmatch(name)  # any other text may be a secret
        return BilingualText(
            "contains a variable, which is not replaced here; "
            f"allowed: {{env: {name if known else 'NAME'}}} without quotes",
            f"含有变量，此处不会被替换；请改为 {{env: {name if known else '变量名'}}}，不加引号",
        )
    return BilingualText(
        "contains a variable, which is not replaced here; allowed: the value itself "
        "(only secrets can come from the environment, as {env: NAME})",
        "含有变量，此处不会被替换；请直接填写值（只有密钥可以来自环境变量，写作 {env: 变量名}）",
    )


def category(name: str) -> BilingualText | None:
    """Return the error for a category that is nearly a known one; None for others, which WeChat may add."""
    similar = difflib.get_close_matches(name, _KNOWN_CATEGORIES, n=1, cutoff=_SIMILAR)
    if not similar or name in similar:
        return None
    return BilingualText(
        f"is no category of WeChat; did you mean {similar[0]}?", f"微信没有该类别；是否想用 {similar[0]}？"
    )


def mistake_in(value: object) -> BilingualText | None:
    """Return the mistake in a value that is not valid, or in the keys of a mapping; None if there is none."""
    for text in (*value, value.get("type")) if isinstance(value, Mapping) else (value,):
        found = (full_width(text) or variable(text, secret=False)) if isinstance(text, str) else None
        if found is not None:
            return found
    return None


def typing_mistakes(content: str, line: int) -> list[tuple[int, BilingualText]]:
    """Return the mistakes that explain why the parser stopped at a line of a document, by line.

    If the reason is in this line or the one before it, the same mistake in other lines is returned too.
    """
    lines = content.splitlines()
    before = max((number for number in range(1, line) if _CODE.match(lines[number - 1])), default=0)
    for pattern, mistake in (
        (_INDENTED_WITH_TAB, _TAB),
        (_KEY_WITH_FULL_WIDTH_COLON, _with_remedy("：")),
        (_KEY_WITHOUT_SPACE, _NO_SPACE),
    ):
        found = [number for number, text in enumerate(lines, start=1) if pattern.match(text)]
        if line in found or before in found:
            return [(number, mistake) for number in found]
    code = _COMMENT.sub("", _QUOTED.sub("", "".join(lines[line - 1 : line])))
    in_line = full_width(code) or variable(code, secret=True)
    return [] if in_line is None else [(line, in_line)]

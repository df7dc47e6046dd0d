"""What is wrong with a text that is not valid YAML, in words that quote nothing of it."""

import re

import yaml

from wx_domain_exporter.config.typing_mistakes import typing_mistakes
from wx_domain_exporter.errcodes.types import BilingualText

_EXPECTED = re.compile(r"(?:did|could) not find (?:the )?expected ")
"""Start of the parser's messages whose quotes contain only YAML syntax and no text of the file."""
_SECOND = "but found another document"
_IN_ENGLISH = {_SECOND: "a second document begins; allowed: one document"}
_IN_CHINESE = {
    _SECOND: "出现了第二个文档；只能有一个文档",
    "block sequence entries are not allowed in this context": "此处不能出现列表项（请检查缩进）",
    "could not determine a constructor for the tag": "使用了不支持的标签",
    "could not find expected ':'": "缺少冒号",
    "did not find expected ',' or '}'": "缺少逗号或右花括号",
    "did not find expected ',' or ']'": "缺少逗号或右方括号",
    "did not find expected '-' indicator": "缺少列表项的短横线（请检查缩进）",
    "did not find expected <document start>": "内容之后还有多余的文本",
    "did not find expected key": "缺少键（请检查缩进）",
    "did not find expected node content": "此处缺少值",
    "found character that cannot start any token": "此处的字符不能作为开头（文本可用引号括起）",
    "found undefined alias": "引用了未定义的锚点",
    "found unexpected end of stream": "引号未闭合",
    "expected a mapping or list of mappings for merging, but found scalar": "用 << 合并的值应为键值映射",
    "found unhashable key": "列表和键值映射不能用作键",
    "found unknown escape character": "双引号中含有未知的转义字符",
    "mapping values are not allowed in this context": "此处不能出现冒号（请检查缩进，或用引号括起文本）",
}
"""The parser's messages in Chinese. Others stay in English."""
UNPARSABLE = BilingualText(
    "is not valid YAML: a number or a key can't be parsed", "不是有效的 YAML：有数字或键无法解析"
)
_CONTROL = BilingualText(
    "is not valid YAML: it contains a control character", "不是有效的 YAML：含有控制字符"
)
_NOT_UTF_8 = BilingualText(
    "is not valid YAML: it contains bytes that are not UTF-8 text",
    "不是有效的 YAML：含有不是 UTF-8 文本的字节（请以 UTF-8 编码保存文件）",
)


class YamlError(Exception):
    """A text is not valid YAML; `errors` has what is wrong by line, counted from 1, and quotes nothing."""

    def __init__(self, *errors: tuple[int, BilingualText]) -> None:
        super().__init__("\n".join(f"line {line}: {what.en}" for line, what in errors))
        self.errors = errors


def syntax_error(error: yaml.MarkedYAMLError, content: bytes) -> YamlError:
    """Return the error for a document that the parser refuses."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    mistakes = typing_mistakes(content.decode(errors="replace"), line)
    if mistakes:
        return YamlError(*mistakes)
    # Parser messages quote the names of aliases and tags, which could be a secret in the wrong place.
    message = error.problem or error.context or "it can't be parsed"
    if message != _SECOND and not _EXPECTED.match(message):
        message = message.partition("'")[0].strip()
    en = f"is not valid YAML: {_IN_ENGLISH.get(message, message)} (column {column})"
    zh = f"不是有效的 YAML：{_IN_CHINESE.get(message, message)}（第 {column} 列）"
    return YamlError((line, BilingualText(en, zh)))


def character_error(error: yaml.YAMLError | UnicodeError, content: bytes) -> YamlError:
    """Return the error for a document with characters that YAML does not allow."""
    place = error.position if isinstance(error, yaml.reader.ReaderError) else 0
    is_control = "control" in getattr(error, "reason", "")
    return YamlError((content.count(b"\n", 0, place) + 1, _CONTROL if is_control else _NOT_UTF_8))

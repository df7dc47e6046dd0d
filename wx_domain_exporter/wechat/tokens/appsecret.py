"""What is visibly wrong with a configured AppSecret, so that nobody resets one that is right."""

import re
from typing import Final

from wx_domain_exporter.wechat.errors import SecretFlaw

_APPSECRET: Final = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"\$\w+|.*(\$\{|\$\(|\{\{|%\w+%)", re.DOTALL)
_QUOTES: Final = "\"'`“”‘’「」"
_PLACEHOLDER: Final = re.compile(
    r"your|change|replace|example|placeholder|todo|dummy|secret|<.*>|x{4}|\*{3}|\.{3}|…|填|替换|你的|密钥",
    re.IGNORECASE,
)


def flaw_of(appsecret: str) -> SecretFlaw | None:
    """Return why a text cannot be an AppSecret, which is 32 hexadecimal digits; None if it can be one."""
    if appsecret[0] in _QUOTES or appsecret[-1] in _QUOTES:
        return SecretFlaw.QUOTES
    if _VARIABLE.match(appsecret):
        return SecretFlaw.VARIABLE
    if _PLACEHOLDER.search(appsecret) or len(set(appsecret)) == 1:
        return SecretFlaw.PLACEHOLDER
    return None if _APPSECRET.fullmatch(appsecret) else SecretFlaw.NOT_HEXADECIMAL

"""What WeChat's errcodes mean and what is done about each; the rows are in `table`."""

from wx_domain_exporter.errcodes.sources import RETURN_CODES
from wx_domain_exporter.errcodes.table import TABLE
from wx_domain_exporter.errcodes.types import Action, BilingualText, Errcode

__all__ = ["TABLE", "Action", "Errcode", "cooldown_after", "look_up"]

_ANY_API = ""
_ROWS = {(api, row.code): row for row in TABLE for api in (row.apis or {_ANY_API})}
_FIRST_PAUSE = {Action.DAILY_QUOTA: 60.0, Action.MINUTE_QUOTA: 60.0}
"""Seconds of the first pause of an API whose quota is used up: 45009 may also be a limit of the minute."""
_LATER_PAUSE = {Action.DAILY_QUOTA: 1800.0, Action.MINUTE_QUOTA: 60.0}
"""Seconds of the next pauses, after a trial call with the same errcode."""


def look_up(api: str, code: int) -> Errcode:
    """Find the row for an errcode that an API returned.

    Args:
        api: the API, as in the metric label `api`.
        code: the errcode, not 0.

    Returns:
        The row that names the API, else the row for any API, else a new row for an unknown errcode, which
        needs a person's attention.
    """
    return _ROWS.get((api, code)) or _ROWS.get((_ANY_API, code)) or _unknown(api, code)


def cooldown_after(api: str, code: int, *, again: bool = False) -> float:
    """Return the seconds for which an API must not be called after an errcode; 0 for other errcodes.

    Args:
        api: the API, as in the metric label `api`.
        code: the errcode, not 0.
        again: whether the trial call after the last pause had the same errcode.
    """
    return (_LATER_PAUSE if again else _FIRST_PAUSE).get(look_up(api, code).action, 0.0)


def _unknown(api: str, code: int) -> Errcode:
    return Errcode(
        code,
        frozenset({api}),
        Action.PERSON,
        BilingualText(
            f"errcode {code} is not in this program's table of errcodes for {api}.",
            f"errcode {code} 不在本程序的 {api} 错误码表中。",
        ),
        BilingualText(
            "Read the errmsg, which --doctor and the exporter's log show. Look the errcode up in WeChat's "
            "list of return codes, or paste the rid of the errmsg into WeChat's API diagnosis tool.",
            "请查看 errmsg（见 --doctor 的输出或 exporter 日志），到微信官方返回码说明中查询该错误码，"
            "或用 errmsg 中的 rid 在微信 API 诊断工具中排查。",
        ),
        RETURN_CODES,
    )

"""The results of one app: of a fetch of its domain lists, and of its extra calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.wechat.errors import ApiError, FetchError, Reason
from wx_domain_exporter.wechat.quota import Quota


@dataclass(frozen=True, slots=True)
class FetchResult:
    """The result of one fetch."""

    categories: Mapping[str, DomainList] | None
    """The domain lists by category; None if the fetch failed."""

    error: FetchError | None
    api_errors: Mapping[str, int]
    """By API, the errcode of its last call for this app."""

    seconds: float
    """How long the fetch took, including tokens and retries."""

    timestamp: float
    """Unix time at which the result was known."""

    last_success: float | None
    """Unix time of the app's last successful fetch."""

    token: str | None = field(default=None, repr=False)
    """The token that the lists were fetched with."""

    @property
    def reason(self) -> Reason | None:
        """Return why the fetch failed; None if it succeeded."""
        return None if self.error is None else self.error.reason

    @property
    def has_token(self) -> bool:
        """Whether WeChat accepted the app's token, even if it answered with an errcode."""
        return self.error is None or isinstance(self.error, ApiError)


@dataclass(frozen=True, slots=True)
class ExtraResult:
    """The result of an app's extra calls."""

    effective: Mapping[str, DomainList]
    """The lists in force, by category; without the categories that could not be fetched."""

    quota: Quota | None
    """The quota of getwxadevinfo; None if its last call failed, or the next one is due."""

    api_errors: Mapping[str, int]
    """By API, the errcode of its last call for this app."""

    withheld: bool = False
    """Whether WeChat withholds the lists in force: they are empty although domains are configured."""

    @property
    def has_answers(self) -> bool:
        """Whether it holds anything of WeChat's answers beside errcodes."""
        return bool(self.effective or self.quota or self.withheld)


NO_EXTRA_RESULT = ExtraResult({}, None, {})

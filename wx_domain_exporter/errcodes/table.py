"""The errcode table: the rows of all subjects, in the order of the codes.

A row that names APIs takes precedence over one of the same errcode that names none. No two rows speak for the
same API and errcode.
"""

from typing import Final

from wx_domain_exporter.errcodes.rows_accounts import ACCOUNTS
from wx_domain_exporter.errcodes.rows_calls import CALLS
from wx_domain_exporter.errcodes.rows_cloud import CLOUD
from wx_domain_exporter.errcodes.rows_platforms import PLATFORMS
from wx_domain_exporter.errcodes.rows_quotas import QUOTAS
from wx_domain_exporter.errcodes.types import Errcode

TABLE: Final[tuple[Errcode, ...]] = tuple(
    sorted((*CALLS, *QUOTAS, *ACCOUNTS, *PLATFORMS, *CLOUD), key=lambda row: row.code)
)

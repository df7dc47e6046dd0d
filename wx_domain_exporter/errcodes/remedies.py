"""What a person should do, where errcodes of several subjects want the same."""

from typing import Final

from wx_domain_exporter.errcodes.types import Text

BODY_REMEDY: Final = Text(
    "The exporter sends a correct request, so look at what lies between: a proxy, a gateway or the host "
    "behind wechat.base_url must pass method, Content-Length and body on unchanged.",
    "exporter 发出的请求符合要求，请检查中间链路：代理、网关或 wechat.base_url 指向的服务"
    "必须原样转发请求方法、Content-Length 和请求体。",
)
BUSY_REMEDY: Final = Text(
    "None as long as it passes: the exporter retries once. If it stays for more than a few minutes, report "
    "it in WeChat's developer community with the rid from the errmsg.",
    "短暂出现无需处理，exporter 会重试一次。若持续数分钟以上，请携带 errmsg 中的 rid 到微信开放社区反馈。",
)

"""Errcodes of WeChat's cloud (微信云托管 and cloud calls). Pure data, in the order of the codes."""

from typing import Final

from wx_domain_exporter.errcodes.apis import ANY
from wx_domain_exporter.errcodes.remedies import BUSY_REMEDY, CLOUD_PATH_REMEDY
from wx_domain_exporter.errcodes.sources import CLOUD_BASE, CLOUD_RUN, CLOUD_TOKEN
from wx_domain_exporter.errcodes.types import Action, Errcode, Text

_CLOUD_TICKET_REMEDY: Final = Text(
    "If it does not pass within minutes, look at the environment's state in the cloud console and open a "
    "ticket there with the environment id, the AppID, the time and the request id.",
    "若几分钟内未恢复，请在云开发/云托管控制台查看环境状态，并提交工单，"
    "附上环境 ID、AppID、调用时间和 RequestID。",
)
_CLOUD_QUOTA_REMEDY: Final = Text(
    "Look at the environment's usage in the cloud console; upgrade its plan, or let Prometheus scrape less "
    "often (scrape_interval, scrape.min_interval).",
    "请在云开发控制台查看环境用量，升级套餐，或降低采集频率（scrape_interval、scrape.min_interval）。",
)

CLOUD: Final[tuple[Errcode, ...]] = (
    Errcode(
        -604104,
        ANY,
        Action.PERSON,
        Text(
            "The cloud call came from a place that WeChat allows none from.",
            "云调用的来源不合法。",
        ),
        Text(
            "Run the exporter inside the cloud environment, or use a stable_token source, which works "
            "anywhere.",
            "请在云环境内运行 exporter，或改用不限运行位置的 stable_token 来源。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -604102,
        ANY,
        Action.PERSON,
        Text("The cloud call timed out in WeChat's backend.", "云调用在微信后台执行超时。"),
        _CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -604101,
        ANY,
        Action.PERSON,
        Text(
            "The cloud environment has no permission to call this API as a cloud call.",
            "云环境没有以云调用方式调用该接口的权限。",
        ),
        Text(
            f"{CLOUD_PATH_REMEDY.en} Check that the environment belongs to this appid or is shared with it. "
            "If the errcode stays, use a stable_token source.",
            f"{CLOUD_PATH_REMEDY.zh}同时请确认云环境归属该 appid 或已对其共享。"
            "若仍报错，请改用 stable_token 来源。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -601003,
        ANY,
        Action.PERSON,
        Text("WeChat's backend had a network error during a cloud call.", "云调用过程中微信后台网络异常。"),
        _CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -601002,
        ANY,
        Action.PERSON,
        Text(
            "WeChat's backend rejected the parameters of a cloud call.", "云调用的参数被微信后台判定为错误。"
        ),
        Text(
            "Check the appid and base_url of the app's cloudrun or cloudbase token source.",
            "请检查该小程序 cloudrun 或 cloudbase 类型 token 来源的 appid 和 base_url 配置。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -601001,
        ANY,
        Action.PERSON,
        Text("WeChat's backend had an internal error during a cloud call.", "云调用时微信后台系统错误。"),
        _CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501019,
        ANY,
        Action.PERSON,
        Text("The cloud environment does not allow the call.", "云环境未授权此操作。"),
        Text(
            "Check that the environment belongs to this appid or is shared with it.",
            "请确认云环境归属该 appid 或已对其共享。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -501018,
        ANY,
        Action.PERSON,
        Text("A resource of the cloud environment is not available.", "云环境的资源不可用。"),
        _CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501017,
        ANY,
        Action.PERSON,
        Text("The cloud environment's disk is full.", "云环境的磁盘空间已用尽。"),
        Text(
            "Look at the environment's usage in the cloud console and upgrade its plan.",
            "请在云开发控制台查看环境用量并升级套餐。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -501016,
        ANY,
        Action.PERSON,
        Text("The cloud environment's quota of writes is used up.", "云环境的写请求次数已用尽。"),
        _CLOUD_QUOTA_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501015,
        ANY,
        Action.PERSON,
        Text("The cloud environment's quota of reads is used up.", "云环境的读请求次数已用尽。"),
        _CLOUD_QUOTA_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501007,
        ANY,
        Action.PERSON,
        Text("The cloud environment rejected the request's parameters.", "云环境判定请求参数错误。"),
        Text(
            "Check the appid and base_url of the app's cloudrun or cloudbase token source, and that the "
            "environment belongs to this appid or is shared with it.",
            "请检查 cloudrun 或 cloudbase 类型 token 来源的 appid 和 base_url，"
            "并确认云环境归属该 appid 或已对其共享。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -501005,
        ANY,
        Action.PERSON,
        Text("The state or the id of the cloud environment is not in order.", "云环境信息异常。"),
        Text(
            "Look in the cloud console whether the environment exists, is paid for, and belongs to this "
            "appid.",
            "请在云开发/云托管控制台确认环境存在、未欠费，且归属该 appid。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -501004,
        ANY,
        Action.PERSON,
        Text(
            "More requests at the same time than the cloud environment's plan allows.",
            "请求并发数超出云环境配额。",
        ),
        Text(
            "Lower wechat.max_concurrency, or upgrade the environment's plan in the cloud console.",
            "调低 wechat.max_concurrency，或在云开发控制台升级环境套餐。",
        ),
        CLOUD_BASE,
    ),
    Errcode(
        -501003,
        ANY,
        Action.PERSON,
        Text("The cloud environment's quota of requests is used up.", "请求次数超出云环境配额。"),
        _CLOUD_QUOTA_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501002,
        ANY,
        Action.PERSON,
        Text("The cloud environment did not answer in time.", "云环境响应超时。"),
        _CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    Errcode(
        -501001,
        ANY,
        Action.PERSON,
        Text("The cloud environment had an internal error.", "云环境系统错误。"),
        _CLOUD_TICKET_REMEDY,
        CLOUD_BASE,
    ),
    # WeChat is busy.
    Errcode(
        -1000,
        ANY,
        Action.BUSY,
        Text("WeChat's backend had an internal error.", "微信后台系统错误。"),
        BUSY_REMEDY,
        CLOUD_TOKEN,
    ),
    Errcode(
        85088,
        ANY,
        Action.PERSON,
        Text("The mini program has not opened cloud development.", "该小程序未开通云开发。"),
        Text(
            "Open it in WeChat's developer tools or the cloud console, or use another token source than "
            "cloudrun or cloudbase.",
            "请在微信开发者工具或云开发控制台开通，或不使用 cloudrun、cloudbase 类型的 token 来源。",
        ),
        CLOUD_TOKEN,
    ),
    Errcode(
        85105,
        ANY,
        Action.PERSON,
        Text(
            "The account behind the cloud call is not authorized to call this API.",
            "发起云调用的账号没有该接口的权限。",
        ),
        Text(
            "Check the appid: it must be a mini program's, not an official account's or a third-party "
            "platform's, and the cloud environment must belong to it or be shared with it.",
            "请检查 appid：应为小程序，而不是公众号或第三方平台的 AppID，"
            "且云环境须归属该小程序或已对其共享。",
        ),
        CLOUD_RUN,
    ),
    Errcode(
        85107,
        ANY,
        Action.PERSON,
        Text(
            "The API's path is not on the list of APIs the cloud service may call.",
            "接口路径不在云托管“微信令牌”白名单内。",
        ),
        CLOUD_PATH_REMEDY,
        CLOUD_RUN,
    ),
    Errcode(
        85112,
        ANY,
        Action.PERSON,
        Text(
            "WeChat's cloud hosting found no secret for this service's cloud calls.",
            "云托管链路异常，找不到该服务的云调用密钥。",
        ),
        Text(
            "Open a ticket in the console of WeChat's cloud hosting with the environment id, the AppID, the "
            "time and the request id.",
            "请在微信云托管控制台提交工单，附上环境 ID、AppID、调用时间和 RequestID。",
        ),
        CLOUD_RUN,
    ),
    Errcode(
        85113,
        ANY,
        Action.BUSY,
        Text(
            "The token of WeChat's cloud hosting is not ready yet, as happens after the first deployment.",
            "云托管的微信令牌尚未就绪，常见于首个版本刚部署时。",
        ),
        Text(
            "Wait a few minutes; the exporter retries once per scrape. If it stays, open a ticket in the "
            "console of WeChat's cloud hosting.",
            "请等待数分钟，exporter 每次采集会重试一次；若持续出现，请在微信云托管控制台提交工单。",
        ),
        CLOUD_RUN,
    ),
)

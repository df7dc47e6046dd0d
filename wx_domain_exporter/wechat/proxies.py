"""The HTTP proxies of calls, in the form that requests takes: by URL scheme, the URL of the proxy."""

from requests.utils import get_environ_proxies

from wx_domain_exporter.config.schema import Wechat


def wechat_proxies(settings: Wechat) -> dict[str, str]:
    """Return the proxies for calls to WeChat: `proxy_url`, or the environment's if `trust_env` is set.

    Raises:
        SecretError: `proxy_url` can't be read.
    """
    if settings.proxy_url is None:
        return environment_proxies(settings, settings.base_url)
    url = settings.proxy_url.read()
    return {"http": url, "https": url}


def environment_proxies(settings: Wechat, url: str) -> dict[str, str]:
    """Return the environment's proxies for a URL; none unless `trust_env` is set."""
    return get_environ_proxies(url) if settings.trust_env else {}

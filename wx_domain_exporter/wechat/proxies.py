"""The HTTP proxies of calls, as requests takes them: from URL schemes to the proxy's URL."""

from requests.utils import get_environ_proxies

from wx_domain_exporter.config.schema import Wechat


def wechat_proxies(settings: Wechat) -> dict[str, str]:
    """Return the proxies for calls of WeChat: `proxy_url`, or the environment's if they are trusted.

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

"""Checks of the settings in `tls_server_config` that depend on each other."""

from collections.abc import Collection

from wx_domain_exporter.config.errors import Errors, FoundErrors
from wx_domain_exporter.config.yaml_tree import KeyPath
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.web_config.schema import TlsServerConfig
from wx_domain_exporter.web.web_config.tls_context import CHOOSES_CURVES, verifies_clients
from wx_domain_exporter.web.web_config.tls_names import TLS13_SUITES, VERSIONS

_TLS = "tls_server_config"


def is_enabled(tls: TlsServerConfig) -> bool:
    """Whether the section turns TLS on, by the rule of exporter-toolkit."""
    values = (tls.cert, tls.cert_file, tls.key.source, tls.key_file, tls.client_ca, tls.client_ca_file)
    return any(values) or bool(tls.client_auth_type)


def check_tls(tls: TlsServerConfig, wrong: Collection[KeyPath]) -> Errors:
    """Return the errors of a section.

    Args:
        tls: its settings that are valid by themselves.
        wrong: its other settings, which have an error already and get no further one.
    """
    if (_TLS,) in wrong:
        return []
    return [
        *_check_pairs(tls, wrong),
        *_check_clients(tls, wrong),
        *_check_versions(tls, wrong),
        *_check_curves(tls),
    ]


def _check_pairs(tls: TlsServerConfig, wrong: Collection[KeyPath]) -> Errors:
    errors: Errors = []
    values = {
        "cert": (tls.cert, tls.cert_file),
        "key": (tls.key.source, tls.key_file),
        "client_ca": (tls.client_ca, tls.client_ca_file),
    }
    errors += [
        (
            (_TLS, name),
            BilingualText(
                f"is given together with {name}_file; allowed: one of the two",
                f"不能与 {name}_file 同时设置；两者只能选一",
            ),
        )
        for name, (inline, file) in values.items()
        if inline and file
    ]
    if tls.model_fields_set or is_enabled(tls):
        errors += [
            (
                (_TLS,),
                BilingualText(
                    f"needs {name} or {name}_file; without it, TLS is not possible",
                    f"缺少 {name} 或 {name}_file，无法使用 TLS",
                ),
            )
            for name in ("cert", "key")
            if not any(values[name]) and not {(_TLS, name), (_TLS, f"{name}_file")} & set(wrong)
        ]
    return errors


def _check_clients(tls: TlsServerConfig, wrong: Collection[KeyPath]) -> FoundErrors:
    if verifies_clients(tls) or (_TLS, "client_auth_type") in wrong:
        return
    allowed = BilingualText(
        "while client certificates are not verified; allowed with client_auth_type: "
        "RequireAndVerifyClientCert or VerifyClientCertIfGiven",
        "因为不验证客户端证书；client_auth_type 应为 RequireAndVerifyClientCert 或 VerifyClientCertIfGiven",
    )
    for name in ("client_ca", "client_ca_file"):
        if getattr(tls, name):
            problem = BilingualText(f"has no effect {allowed.en}", f"不起作用，{allowed.zh}")
            yield (_TLS, name), problem
    if tls.client_allowed_sans is not None:
        problem = BilingualText(f"would exclude nobody {allowed.en}", f"不会排除任何客户端，{allowed.zh}")
        yield (_TLS, "client_allowed_sans"), problem


def _check_versions(tls: TlsServerConfig, wrong: Collection[KeyPath]) -> FoundErrors:
    if VERSIONS[tls.min_version] > VERSIONS[tls.max_version] and not {
        (_TLS, "min_version"),
        (_TLS, "max_version"),
    } & set(wrong):
        problem = BilingualText(
            f"is above max_version ({tls.max_version}); allowed: the same or below",
            f"高于 max_version（{tls.max_version}）；应与其相同或更低",
        )
        yield (_TLS, "min_version"), problem
    if tls.cipher_suites and set(tls.cipher_suites) <= set(TLS13_SUITES) and tls.max_version != "TLS13":
        problem = BilingualText(
            f"contains only cipher suites of TLS 1.3, which max_version ({tls.max_version}) excludes; "
            "allowed: at least one of TLS 1.2",
            f"只含 TLS 1.3 的加密套件，而 max_version（{tls.max_version}）不支持；应至少有一个 TLS 1.2 套件",
        )
        yield (_TLS, "cipher_suites"), problem


def _check_curves(tls: TlsServerConfig) -> FoundErrors:
    if len(tls.curve_preferences) > 1 and not CHOOSES_CURVES:
        problem = BilingualText(
            "contains more than one curve, which Python supports only from version 3.15 on; "
            "allowed: one, or none for OpenSSL's order",
            "含有多条曲线，Python 从 3.15 版开始才支持；应只有一条，或留空以使用 OpenSSL 的顺序",
        )
        yield (_TLS, "curve_preferences"), problem

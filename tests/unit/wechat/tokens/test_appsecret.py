import pytest

from wx_domain_exporter.wechat.errors import SecretFlaw
from wx_domain_exporter.wechat.tokens.appsecret import flaw_of

GOOD = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (GOOD, None),
        (GOOD.upper(), None),
        (f'"{GOOD}"', SecretFlaw.QUOTES),
        (f"{GOOD}'", SecretFlaw.QUOTES),
        (f"“{GOOD}”", SecretFlaw.QUOTES),
        ("$SHOP_APPSECRET", SecretFlaw.VARIABLE),
        ("${SHOP_APPSECRET}", SecretFlaw.VARIABLE),
        ("{{ shop_appsecret }}", SecretFlaw.VARIABLE),
        ("%SHOP_APPSECRET%", SecretFlaw.VARIABLE),
        ("$(cat /run/secrets/shop)", SecretFlaw.VARIABLE),
        ("your-appsecret", SecretFlaw.PLACEHOLDER),
        ("<appsecret>", SecretFlaw.PLACEHOLDER),
        ("x" * 32, SecretFlaw.PLACEHOLDER),
        ("0" * 32, SecretFlaw.PLACEHOLDER),
        ("请填写", SecretFlaw.PLACEHOLDER),
        (GOOD[:-1], SecretFlaw.NOT_HEXADECIMAL),
        (f"{GOOD}0", SecretFlaw.NOT_HEXADECIMAL),
        (f"{GOOD[:-1]}g", SecretFlaw.NOT_HEXADECIMAL),
        (f"{GOOD[:16]} {GOOD[16:]}", SecretFlaw.NOT_HEXADECIMAL),
    ],
)
def test_what_is_visibly_wrong_with_an_appsecret(text: str, flaw: SecretFlaw | None) -> None:
    assert flaw_of(text) is flaw

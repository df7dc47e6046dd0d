from __future__ import annotations

from typing import Any

from wx_domain_exporter.config.schema_tokens import StableToken
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.domains.domain_list import domain_list
from wx_domain_exporter.web.endpoints.sd_targets import KnownApp, app_groups, domain_groups

A, B = "wx00000000000000aa", "wx00000000000000bb"
TOKEN = StableToken.model_construct(type="stable_token", appsecret=Secret("value", "secret"))


def known(appid: str, name: str = "", **lists: list[str]) -> KnownApp:
    return KnownApp(appid, name, {category: domain_list(domains) for category, domains in lists.items()})


def urls(*apps: KnownApp, **how: Any) -> list[str]:
    return [group["targets"][0] for group in domain_groups(apps, **how)]


class TestApps:
    def test_each_has_its_name_and_its_labels(self) -> None:
        apps = [AppSettings(B, "shop", {"team": "a", "env": ""}, TOKEN), AppSettings(A, A, {}, TOKEN)]
        assert list(app_groups(apps)) == [
            {"targets": [A], "labels": {"__meta_wx_domain_name": A}},
            {
                "targets": [B],
                "labels": {
                    "__meta_wx_domain_name": "shop",
                    "__meta_wx_domain_label_env": "",
                    "__meta_wx_domain_label_team": "a",
                },
            },
        ]

    def test_without_apps_the_list_is_empty(self) -> None:
        assert list(app_groups([])) == []


class TestDomains:
    def test_a_url_has_all_its_apps_and_categories(self) -> None:
        shop = known(
            B, "shop", requestdomain=["https://api.example.com"], uploaddomain=["https://api.example.com"]
        )
        club = known(A, "club", bizdomain=["https://api.example.com"])
        assert list(domain_groups([shop, club])) == [
            {
                "targets": ["https://api.example.com"],
                "labels": {
                    "__meta_wx_domain_appids": f"{A},{B}",
                    "__meta_wx_domain_names": "club,shop",
                    "__meta_wx_domain_categories": "bizdomain,requestdomain,uploaddomain",
                    "__meta_wx_domain_domain": "https://api.example.com",
                    "__meta_wx_domain_scheme": "https",
                    "__meta_wx_domain_host": "api.example.com",
                },
            }
        ]

    def test_by_app_each_has_its_own(self) -> None:
        shop = known(B, "shop", requestdomain=["https://a.example.com"], bizdomain=["https://a.example.com"])
        club = known(A, "club", requestdomain=["https://a.example.com"])
        groups = list(domain_groups([shop, club], by_app=True))
        assert [group["targets"] for group in groups] == [["https://a.example.com"]] * 2
        assert groups[1]["labels"] == {
            "__meta_wx_domain_appid": B,
            "__meta_wx_domain_name": "shop",
            "__meta_wx_domain_category": "bizdomain,requestdomain",
            "__meta_wx_domain_domain": "https://a.example.com",
            "__meta_wx_domain_scheme": "https",
            "__meta_wx_domain_host": "a.example.com",
        }
        assert groups[0]["labels"]["__meta_wx_domain_appid"] == A

    def test_names_stand_in_the_order_of_their_appids_also_when_they_are_equal(self) -> None:
        apps = [
            known(f"wx{one}", name, bizdomain=["https://a.cn"])
            for one, name in (("3", "b"), ("1", "z"), ("2", "b"))
        ]
        [group] = domain_groups(apps)
        assert group["labels"]["__meta_wx_domain_appids"] == "wx1,wx2,wx3"
        assert group["labels"]["__meta_wx_domain_names"] == "z,b,b"

    def test_domains_with_the_same_url_are_all_named(self) -> None:
        app = known(A, requestdomain=["https://例子.测试"], wsrequestdomain=["wss://例子.测试"])
        [group] = domain_groups([app])
        assert group["targets"] == ["https://xn--fsqu00a.xn--0zwm56d"]
        assert group["labels"]["__meta_wx_domain_domain"] == "https://例子.测试,wss://例子.测试"
        assert group["labels"]["__meta_wx_domain_scheme"] == "https,wss"
        assert group["labels"]["__meta_wx_domain_host"] == "xn--fsqu00a.xn--0zwm56d"

    def test_what_is_no_url_is_left_out(self) -> None:
        assert urls(
            known(A, udpdomain=["udp://a.cn"], wsrequestdomain=["wss://https://a.cn", "wss://b.cn"])
        ) == ["https://b.cn"]

    def test_categories_filter_domains_and_labels(self) -> None:
        shop = known(A, requestdomain=["https://a.cn", "https://b.cn"], bizdomain=["https://b.cn"])
        club = known(B, uploaddomain=["https://b.cn", "https://c.cn"])
        assert urls(shop, club) == ["https://a.cn", "https://b.cn", "https://c.cn"]
        [group] = domain_groups([shop, club], {"bizdomain"})
        assert group["targets"] == ["https://b.cn"]
        assert group["labels"]["__meta_wx_domain_appids"] == A
        assert group["labels"]["__meta_wx_domain_categories"] == "bizdomain"
        assert urls(shop, club, categories={"bizdomain", "uploaddomain"}) == ["https://b.cn", "https://c.cn"]

    def test_the_order_is_that_of_the_urls_whatever_that_of_the_apps(self) -> None:
        apps = [
            known(f"wx{one}", requestdomain=[f"https://{9 - one}.cn", "https://z.cn"]) for one in range(3)
        ]
        for by_app in (False, True):
            forwards = list(domain_groups(apps, by_app=by_app))
            assert forwards == list(domain_groups(apps[::-1], by_app=by_app))
            targets = [group["targets"][0] for group in forwards]
            assert targets == sorted(targets)

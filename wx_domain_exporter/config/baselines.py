"""Baselines of a configuration: what no single value of them shows, and what their names resolve to."""

from wx_domain_exporter.config.errors import FoundErrors
from wx_domain_exporter.config.schema import Config
from wx_domain_exporter.config.schema_baselines import NamedBaseline
from wx_domain_exporter.config.yaml_tree import KeyPath
from wx_domain_exporter.domains.baseline import Baseline, Expected
from wx_domain_exporter.domains.domain_list import covers


class Baselines:
    """The baselines of a configuration, ready to compare with."""

    def __init__(self, config: Config) -> None:
        """Take the named ones and the default one; the configuration is valid."""
        self.by_name = {name: _expected(one) for name, one in config.baselines.items()}
        self._default = self._resolved(config.defaults.baseline) or {}

    def of(self, name: str, reference: str | NamedBaseline | None) -> Baseline:
        """Return what an app's lists are compared with; nothing to compare with is an empty baseline.

        Args:
            name: its appid: a baseline that is named so comes first.
            reference: what the app, or its platform, has as its baseline.
        """
        own = self.by_name.get(name)
        return own if own is not None else self.of_reference(reference)

    def of_reference(self, reference: str | NamedBaseline | None) -> Baseline:
        """Return what a value of the key `baseline` stands for; the default one if there is none."""
        found = self._resolved(reference)
        return self._default if found is None else found

    def _resolved(self, reference: str | NamedBaseline | None) -> Baseline | None:
        if isinstance(reference, str):
            return self.by_name[reference]
        return None if reference is None else _expected(reference)


def check_action(where: KeyPath, baseline: NamedBaseline, action: str | None) -> FoundErrors:
    """Check that WeChat is asked for the categories of a baseline."""
    for category in baseline:
        if not covers(action, category):
            what = f"is a category that wechat.action {action} leaves out; allowed: those that it covers"
            yield (*where, category), what


def _expected(baseline: NamedBaseline) -> Baseline:
    return {
        category: Expected(frozenset(one.required), None if one.allowed is None else frozenset(one.allowed))
        if one.exact is None
        else Expected(frozenset(one.exact), frozenset())
        for category, one in baseline.items()
    }

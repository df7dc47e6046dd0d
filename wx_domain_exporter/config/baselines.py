"""Resolves the names of baselines, and checks whether baselines can match what WeChat answers."""

from collections.abc import Mapping

from wx_domain_exporter.config.baseline_entries import mistake_in_entry
from wx_domain_exporter.config.errors import FoundErrors
from wx_domain_exporter.config.schema import Config
from wx_domain_exporter.config.schema_baselines import CategoryBaseline, NamedBaseline
from wx_domain_exporter.config.yaml_tree import KeyPath
from wx_domain_exporter.domains.baseline import Baseline, Expected
from wx_domain_exporter.domains.domain_list import covers
from wx_domain_exporter.errcodes.types import BilingualText


class Baselines:
    """The baselines of a configuration, by name."""

    def __init__(self, config: Config) -> None:
        """Convert the baselines of a valid configuration."""
        self.by_name = {name: expected_by_category(one) for name, one in config.baselines.items()}
        self._default = self._resolved(config.defaults.baseline) or {}

    def of(self, name: str, reference: str | NamedBaseline | None) -> Baseline:
        """Return an app's baseline, which is empty if none is configured.

        Args:
            name: the appid; a baseline with this name has priority.
            reference: the value of the key `baseline` of the app or its platform.
        """
        own = self.by_name.get(name)
        return own if own is not None else self.of_reference(reference)

    def of_reference(self, reference: str | NamedBaseline | None) -> Baseline:
        """Return the baseline for a value of the key `baseline`; the default one for None."""
        found = self._resolved(reference)
        return self._default if found is None else found

    def _resolved(self, reference: str | NamedBaseline | None) -> Baseline | None:
        if isinstance(reference, str):
            return self.by_name[reference]
        return None if reference is None else expected_by_category(reference)


def check_baseline(where: KeyPath, baseline: NamedBaseline, action: str | None) -> FoundErrors:
    """Check that `wechat.action` covers all categories of a baseline, and that its entries can match."""
    for category, one in baseline.items():
        if not covers(action, category):
            problem = BilingualText(
                f"is not covered by wechat.action {action}; allowed: categories that it covers",
                f"不在 wechat.action {action} 的范围内；应为该 action 返回的类别",
            )
            yield (*where, category), problem
        for key in ("required", "allowed", "exact"):
            for index, domain in enumerate(getattr(one, key) or ()):
                mistake = mistake_in_entry(category, domain)
                if mistake is not None:
                    yield (*where, category, key, index), mistake


def expected_by_category(baseline: Mapping[str, CategoryBaseline]) -> Baseline:
    """Return the expected domains of each category of a valid baseline."""
    return {
        category: Expected(frozenset(one.required), None if one.allowed is None else frozenset(one.allowed))
        if one.exact is None
        else Expected(frozenset(one.exact), frozenset())
        for category, one in baseline.items()
    }

"""Reads the samples of an exposition."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """An exposition as {(name, sorted labels): value}."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    """One sample's value, or None if the exposition has no such series."""
    return samples(text).get((name, tuple(sorted(labels.items()))))


def series(text: str, name: str, label: str) -> dict[str, float]:
    """The samples of a metric, by the value of one label."""
    return {dict(labels)[label]: number for (found, labels), number in samples(text).items() if found == name}


def apps_with(text: str, name: str, number: float) -> list[str]:
    """The appid of each sample of a metric that has a value."""
    return [
        dict(labels)["appid"]
        for (found, labels), one in samples(text).items()
        if (found, one) == (name, number)
    ]

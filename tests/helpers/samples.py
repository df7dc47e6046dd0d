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
    """The value of one series, or None without it."""
    return samples(text).get((name, tuple(sorted(labels.items()))))


def series(text: str, name: str, label: str) -> dict[str, float]:
    """The values of a metric by the value of one label."""
    return {
        dict(labels)[label]: number for (metric, labels), number in samples(text).items() if metric == name
    }


def apps_with(text: str, name: str, number: float) -> list[str]:
    """The appids for which a metric has this value."""
    return [
        dict(labels)["appid"]
        for (metric, labels), sample in samples(text).items()
        if (metric, sample) == (name, number)
    ]

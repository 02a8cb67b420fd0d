"""The number of workers, and the sums of their metrics."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gfruntime.serving.workers import plan
from gfruntime.serving.workers.plan import Plan
from gfruntime.telemetry import metrics, sums

if TYPE_CHECKING:
    from pathlib import Path

ONE = """\
# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{method="a"} 2
calls_total{method="b c \\"x\\""} 1.5
# HELP seconds Seconds.
# TYPE seconds histogram
seconds_bucket{le="0.1"} 1
seconds_bucket{le="+Inf"} 3
seconds_sum 0.75
seconds_count 3
# HELP python_info About Python.
# TYPE python_info gauge
python_info{version="3.11"} 1
# HELP process_start_time_seconds Start.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 100
# HELP in_use In use.
# TYPE in_use gauge
in_use 4
# TYPE odd gauge
odd NaN
not a metric
"""
TWO = ONE.replace("} 2", "} 5").replace(" 100", " 90").replace("odd NaN", "odd +Inf").replace('method="b', 'method="z')


def test_the_operators_settings_override_the_authors() -> None:
    """Each setting overrides separately; without settings there are no workers."""
    environ = {"GF_PLUGIN_WORKERS": "3", "GF_PLUGIN_MAX_MEMORY_MB": " 512 "}

    assert Plan.of({}) == Plan()
    assert Plan.of({}, workers=2, max_requests=10, max_requests_jitter=1) == Plan(2, 10, 1)
    assert Plan.of(environ, workers=2, max_requests=10) == Plan(3, 10, 0, 512)
    assert Plan.of({"GF_PLUGIN_WORKERS": "0"}, workers=2).workers == 0
    assert Plan.of({"GF_PLUGIN_WORKERS": ""}, workers=2).workers == 2
    assert Plan.of({"GF_PLUGIN_WORKERS": "auto"}).workers == Plan.of({}, workers="auto").workers == plan.cores() >= 1


@pytest.mark.parametrize(
    ("environ", "settings", "sentence"),
    [
        ({"GF_PLUGIN_WORKERS": "two"}, {}, "GF_PLUGIN_WORKERS=two: expected a number from 0 to 256, or auto"),
        ({"GF_PLUGIN_WORKERS": "257"}, {}, "GF_PLUGIN_WORKERS=257: expected a number from 0 to 256, or auto"),
        ({"GF_PLUGIN_WORKERS": "²"}, {}, "GF_PLUGIN_WORKERS=²: expected a number from 0 to 256, or auto"),
        ({}, {"workers": True}, "workers=True: expected a number from 0 to 256, or auto"),
        ({}, {"workers": -1}, "workers=-1: expected a number from 0 to 256, or auto"),
        ({}, {"max_requests": 1.5}, "max_requests=1.5: expected a number from 0"),
        ({"GF_PLUGIN_MAX_MEMORY_MB": "1G"}, {}, "GF_PLUGIN_MAX_MEMORY_MB=1G: expected a number from 0"),
        ({"GF_PLUGIN_MAX_REQUESTS": "auto"}, {}, "GF_PLUGIN_MAX_REQUESTS=auto: expected a number from 0"),
    ],
)
def test_the_error_for_an_invalid_number_names_the_setting(
    environ: dict[str, str], settings: dict[str, int], sentence: str
) -> None:
    """Health shows the error."""
    with pytest.raises(ValueError, match="expected a number") as failure:
        Plan.of(environ, **settings)
    assert str(failure.value) == sentence


@pytest.mark.parametrize(
    ("text", "cores"), [("max 100000", plan._MOST), ("150000 100000", 2), ("50000 100000", 1), ("nonsense", plan._MOST)]
)
def test_a_quota_counts_in_whole_cores(tmp_path: Path, text: str, cores: int) -> None:
    """A container with half a core on a machine of 64 gets one worker."""
    file = tmp_path / "cpu.max"
    file.write_text(text)

    assert plan._quota(file) == cores
    assert plan._quota(tmp_path / "none") == plan._MOST
    assert plan.cores() <= (os.cpu_count() or 1)


def test_metrics_of_several_processes_are_summed() -> None:
    """Counters, histograms and gauges are summed, but the version stays, and the first start is the plugin's."""
    total = sums.write(sums.add([sums.read(ONE), sums.read(TWO)]))
    samples = {
        (each.name, *sorted(each.labels.items())): each.value
        for family in text_string_to_metric_families(total)
        for each in family.samples
    }

    assert samples[("calls_total", ("method", "a"))] == 7
    assert samples[("calls_total", ("method", 'b c "x"'))] == samples[("calls_total", ("method", 'z c "x"'))] == 1.5
    assert samples[("seconds_bucket", ("le", "+Inf"))] == 6
    assert samples[("seconds_sum",)] == 1.5
    assert samples[("python_info", ("version", "3.11"))] == 1
    assert samples[("process_start_time_seconds",)] == 90
    assert samples[("in_use",)] == 8
    assert "odd NaN" in total
    assert total.count("# TYPE calls_total counter") == 1


def test_counters_of_an_ended_process_stay() -> None:
    """The gauges of the process do not stay."""
    assert set(sums.only_counters(sums.read(ONE))) == {"calls_total", "seconds"}


def test_metrics_are_unchanged_by_reading_and_writing() -> None:
    """Every sample, type and description stays."""
    metrics.count("queryData", "ok", "plugin")
    text = metrics.text().decode()
    before, after = (list(text_string_to_metric_families(each)) for each in (text, sums.write(sums.read(text))))

    assert [(each.name, each.type, each.documentation, each.samples) for each in after] == [
        (each.name, each.type, each.documentation, each.samples) for each in before
    ]

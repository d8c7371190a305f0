"""What a run over Kafka tells: ratios beside bare aiokafka of the same run, and the load it ran under."""

from __future__ import annotations

from gateway.bench.overkafka import KafkaFigures

FIGURES = KafkaFigures(500.0, 1000.0, 40.0, 120.0, 10.0, 30.0, 3.0, 150.0, 5_000, 2.5, "2 processors")


def test_figures_stand_beside_bare_aiokafkas_with_their_ratios_and_the_load() -> None:
    told = FIGURES.to_json()
    assert (told["ratio"], told["ratio_p99"], told["load"], told["records"]) == (0.5, 4.0, 2.5, 5_000)
    first, rate, latency, *_ = FIGURES.text().splitlines()
    assert first.startswith("2 processors, load 2.5")
    assert "500/s of 5,000; bare aiokafka 1,000/s (×0.50)" in rate
    assert "median 40 ms, p99 120 ms; bare aiokafka 10 ms, p99 30 ms" in latency

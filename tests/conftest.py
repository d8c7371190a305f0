"""What every test shares: the folder of real data, Hypothesis profiles, and the honest last word of a run.

The last thing a run prints is ``not checked here:`` with one line a reason: whatever was skipped, expected to
fail or left out by options did not happen, and a green line above must not hide it. A skip must say why.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.workermanage import WorkerController

from tests import brokers

# No deadline: a busy machine is no fault of the code. In CI the same examples every time: red means changed.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("house"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "house")

REPOSITORY = Path(__file__).parent.parent
BY_OPTIONS = "left out by this run's options"
REASONLESS = {"", "unconditional skip"}
left_out: Counter[str] = Counter()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real company data that JJJ_REAL_DATA names; read only, never copied into this tree."""
    named = os.environ.get("JJJ_REAL_DATA", "")
    if not named:
        pytest.skip("real company data: JJJ_REAL_DATA names no folder")
    if not Path(named).is_dir():
        pytest.fail(f"JJJ_REAL_DATA names {named}, which is no folder")
    return Path(named)


@pytest.fixture(autouse=True)
def _usual_logging() -> Iterator[None]:
    """A command run in this process sets up its logging; the next test finds the usual one."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[brokers.Kafka]:
    """One real broker for the whole run."""
    with brokers.running(tmp_path_factory.mktemp("kafka")) as found:
        yield found


@pytest.fixture(scope="session")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[brokers.SecuredKafka]:
    """One more, with TLS, passwords and access lists."""
    with brokers.secured(tmp_path_factory.mktemp("secured")) as found:
        yield found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _reason(report) in REASONLESS:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a skip must say why"
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        left_out[_reason(report)] += 1


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        left_out[_reason(report)] += 1


def pytest_deselected(items: list[pytest.Item]) -> None:
    left_out[BY_OPTIONS] += len(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of ``-n`` hands its part of the last word to the one that speaks; each has left out the same."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[BY_OPTIONS] = left_out[BY_OPTIONS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    left_out[BY_OPTIONS] = getattr(node, "workeroutput", {}).get(BY_OPTIONS, 0)
    if not left_out[BY_OPTIONS]:
        del left_out[BY_OPTIONS]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Print after pytest's own closing line, which ends the session: the list stands last."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or config.option.collectonly or not hasattr(terminal, "_session"):
        return
    terminal.ensure_newline()
    terminal.write_line("not checked here:")
    for reason, count in sorted(left_out.items()):
        terminal.write_line(f"  {count:4} × {reason}")
    if not left_out:
        terminal.write_line("  nothing was left out")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if hasattr(report, "wasxfail"):
        return f"expected to fail: {report.wasxfail}"
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ").strip().removeprefix("Skipped").strip()

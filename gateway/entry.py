"""What every command of the line shares: a coroutine is its body, an error on purpose is a sentence and an exit code.

>>> @main.command()
... @body
... async def run(config: Path) -> int: ...
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

from gateway.errors import GatewayError
from gateway.reasons import sentence

P = ParamSpec("P")
CANNOT_RUN = 2
INTERRUPTED = 130
FOLDER = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)
json_option = click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")


def body(work: Callable[P, Coroutine[Any, Any, int]]) -> Callable[P, None]:
    """Make a coroutine that answers an exit code a command's body; an error on purpose is a sentence and code 2."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                code = runner.run(work(*args, **kwargs))
        except GatewayError as error:
            say(error)
            code = CANNOT_RUN
        except ExceptionGroup as group:
            code = _say_first(group)
        except KeyboardInterrupt:
            code = INTERRUPTED
        sys.exit(code)

    return run


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where the extra "speed" is installed; without it the same, more slowly."""
    try:
        found: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    except ImportError:
        return None
    return found


def say(error: GatewayError) -> None:
    """An error as a sentence, with what to do, on standard error."""
    click.echo(f"jjj-gateway: {error.zh or error.message or error.reason} [{error.reason}]", err=True)
    if error.zh and error.message:
        click.echo(f"  {error.message}", err=True)
    advice = sentence(error.reason)
    click.echo(f"  → {advice.do_zh} / {advice.do_en}", err=True)


def _say_first(group: ExceptionGroup[Exception]) -> int:
    """A part of the node ended for a reason of ours: the same sentence as if it stood alone."""
    told: Exception | None = group.subgroup(GatewayError)
    while isinstance(told, ExceptionGroup):
        told = told.exceptions[0]
    if not isinstance(told, GatewayError):
        raise group
    say(told)
    return CANNOT_RUN

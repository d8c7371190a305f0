"""Which profile reads this table? A profile says how the rows of a department's table become records; it is a file,
never code.

Profiles are TOML, one a file, shipped in ``profiles/`` or handed in by path. They are read once, whole, into frozen
values; a setting that is not known is an error (law 10). The settings, with their meaning, stand in
``profiles/business-licence.toml``.

>>> profile = load("business-licence")
>>> profile.record_type, profile.family
('jjj.licence.issued', 'licence')
>>> guess(("企业名称", "统一社会信用代码", ...)).name
'business-licence'
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from gateway.errors import CannotRun
from gateway.intake.finished import holds_lines
from gateway.intake.profile import Profile
from gateway.intake.profilefile import parse

FOLDER = Path(__file__).parent / "profiles"
RECORDS = "records"
_FINISHED = Profile(name=RECORDS, title="记录（每行一个 JSON 对象） · records, one JSON object a line", events=True)


def names() -> tuple[str, ...]:
    """Names of all shipped profiles, and of the one for finished records."""
    return (*sorted(path.stem for path in FOLDER.glob("*.toml")), RECORDS)


def load(name: str) -> Profile:
    """A shipped profile by name, or any by the path of its file (ending in .toml).

    Raises ``CannotRun`` "profile.unknown", "profile.form" naming file and setting.
    """
    if name == RECORDS:
        return _FINISHED
    if name.endswith(".toml"):
        return _read(Path(name))
    if name not in names():
        raise _no_profile("profile.unknown", f"no profile is called {name!r}", f"没有名为 {name!r} 的导入方案")
    return _shipped(name)


@cache
def _shipped(name: str) -> Profile:
    return _read(FOLDER / f"{name}.toml")


def _read(path: Path) -> Profile:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotRun("profile.unknown", f"{path}: {error.strerror}", zh=f"无法打开导入方案 {path}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotRun("profile.form", f"{path} is not TOML: {error}", zh=f"{path} 不是 TOML 文件") from error
    return parse(found, path.stem)


def all_headings() -> frozenset[str]:
    """What the columns of any shipped profile are called, as headers are compared."""
    return frozenset(each for name in names() for each in load(name).headings)


def guess(headers: Sequence[str]) -> Profile:
    """The one shipped profile that a table with these headers fits. Raises ``CannotRun`` "profile.no_match" listing
    all of them.
    """
    if holds_lines(headers):
        return _FINISHED
    fitting = [profile for name in names() if name != RECORDS and (profile := load(name)).fits(headers)]
    if len(fitting) == 1:
        return fitting[0]
    shown = ", ".join(headers[:12])
    raise _no_profile(
        "profile.no_match", f"the columns ({shown}) fit {len(fitting)} profiles", f"这些列（{shown}）不能确定导入方案"
    )


def _no_profile(reason: str, message: str, zh: str) -> CannotRun:
    known = ", ".join(names())
    return CannotRun(reason, f"{message}; known profiles: {known}", zh=f"{zh}，可用方案：{known}")

"""Is this setting of the right kind? Reads the settings of a profile, and says profile and setting of what is wrong.

>>> Settings("mine").text({"title": 1}, "title", "")
Traceback (most recent call last):
gateway.errors.CannotRun: profile.form: profile mine: title is text, and must be given
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.errors import CannotRun


class Settings:
    """Reads each setting with its kind; raises ``CannotRun`` "profile.form"."""

    def __init__(self, name: str) -> None:
        self._name = name

    def known(self, table: Mapping[str, Any], settings: set[str], where: str) -> None:
        """Every setting of the table is one of these."""
        for name in table:
            if name not in settings:
                raise self.wrong(_at(where, name), f"is not a setting; known: {', '.join(sorted(settings))}")

    def table(self, value: object, where: str, settings: set[str]) -> Mapping[str, Any]:
        """A table with these settings."""
        if not isinstance(value, dict):
            raise self.wrong(where, "is a table")
        self.known(value, settings, where)
        return value

    def tables(self, table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        """A list of tables, or none."""
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(name, f"is a list of tables: [[{name}]]")
        return value

    def text(self, table: Mapping[str, Any], name: str, where: str, default: str | None = None) -> str:
        """A text."""
        value = table.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(_at(where, name), "is text, and must be given")
        return value

    def texts(
        self, table: Mapping[str, Any], name: str, where: str, default: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """A list of texts; not empty where there is no default."""
        value = table.get(name, default)
        if (
            not isinstance(value, list | tuple)
            or not all(isinstance(item, str) for item in value)
            or (default is None and not value)
        ):
            raise self.wrong(_at(where, name), "is a list of texts, and must be given")
        return tuple(value)

    def one_of(self, table: Mapping[str, Any], name: str, where: str, values: tuple[str, ...], default: str) -> str:
        """One of these texts."""
        value = self.text(table, name, where, default)
        if value not in values:
            raise self.wrong(_at(where, name), f"is {value!r}; it can be {', '.join(values)}")
        return value

    def flag(self, table: Mapping[str, Any], name: str, where: str, *, default: bool = False) -> bool:
        """True or false."""
        value = table.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(_at(where, name), "is true or false")
        return value

    def constants(self, table: object, where: str) -> dict[str, Any]:
        """Text, whole numbers, true, false, lists and tables of them: what a record can hold."""
        if not isinstance(table, dict):
            raise self.wrong(where, "is a table")
        for name, value in table.items():
            if isinstance(value, dict):
                self.constants(value, f"{where}.{name}")
            elif not _is_value(value):
                raise self.wrong(f"{where}.{name}", "is text, a whole number, true, false or a list")
        return table

    def wrong(self, setting: str, what: str) -> CannotRun:
        """The error that names the setting."""
        return CannotRun(
            "profile.form",
            f"profile {self._name}: {setting} {what}",
            field=setting,
            zh=f"导入方案 {self._name} 的设置 {setting} 有误",
        )


def _at(where: str, name: str) -> str:
    return f"{where}.{name}".lstrip(".")


def _is_value(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_is_value, value))
    return isinstance(value, str) or (isinstance(value, int) and abs(value) < 1 << 53)

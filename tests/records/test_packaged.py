"""The files that come with the program are found, and their absence is a sentence."""

import pytest

from gateway.errors import CannotRun
from gateway.records.packaged import data_path


def test_the_schemas_are_found() -> None:
    names = {file.name for file in data_path("schemas").iterdir()}
    assert {"licence-1.0.schema.json", "credit-1.0.schema.json"} <= names


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(CannotRun, match="no-such-folder") as caught:
        data_path("no-such-folder")
    assert caught.value.reason == "package.data"

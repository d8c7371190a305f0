"""A repository of six cities for every test of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repository.cities import Cities


@pytest.fixture
def cities(tmp_path: Path) -> Cities:
    """Nothing is published yet."""
    return Cities(tmp_path)


@pytest.fixture
def begun(cities: Cities) -> Cities:
    """The first proposal is signed by all and published."""
    cities.begin()
    return cities

"""Worlds for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two jurisdictions in a folder; nobody runs."""
    return World(tmp_path, "sanhe", "tongzhou")

"""One node a test file; tests that change how the node is make one of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.web.desk import Desk, founded


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A node of ``sanhe`` on loopback, sealing; ``tongzhou`` stands in the roster and is silent."""
    async with founded(tmp_path_factory.mktemp("network"), "sanhe", "tongzhou") as opened:
        yield opened

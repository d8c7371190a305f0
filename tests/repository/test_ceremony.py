"""A whole repository in one call is one that clients read; a change in one call as well."""

from __future__ import annotations

import pytest

from gateway.errors import CannotRun
from gateway.repository.ceremony import amend_repository, make_repository
from tests.repository.cities import DAY_S, NOW, Cities, documents, roster


def test_made_and_amended_in_one_call_each(cities: Cities) -> None:
    online = {"tongzhou": cities.online}
    with pytest.raises(CannotRun, match=r"trust\.none_yet"):
        amend_repository(cities.repository, roster(), cities.signers, [cities.online], now=NOW)
    make_repository(cities.repository, documents(), cities.signers, online, threshold=4, now=NOW)
    client = cities.client()
    assert client.read() == documents()
    amend_repository(cities.repository, roster(), cities.signers, [cities.online], now=NOW + DAY_S)
    assert client.read(NOW + DAY_S + 1)["roster.json"] == roster()["roster.json"]
    with pytest.raises(CannotRun, match=r"trust\.exists"):
        make_repository(cities.repository, documents(), cities.signers, online, threshold=4, now=NOW)

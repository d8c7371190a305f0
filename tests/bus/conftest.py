"""The contract suite is imported, not collected: its asserts are made to explain themselves here."""

import pytest

pytest.register_assert_rewrite("tests.bus.contract", "tests.bus.harness", "tests.bus.read_contract")

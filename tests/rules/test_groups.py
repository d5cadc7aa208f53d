"""The groups of tests: what shares a server or a machine is run by one worker, in order."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("rules")
def test_worker_knows_the_group_of_a_test(request: pytest.FixtureRequest) -> None:
    shared = "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith("@rules") == shared, "pytest-xdist and pytest do not fit"

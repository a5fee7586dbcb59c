"""The soak of benchmarks/soak.py, shortened."""

import os
import signal

import pytest
from conftest import ROOT


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.skipif(
    "AUGSTREAM_SANITIZED" in os.environ, reason="the worker would run without the sanitizer's libraries"
)
def test_a_run_that_is_killed_again_and_again_is_the_undisturbed_one(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.soak import soak

    assert "2 kills: the same samples, pixels and order" in soak(9_000, 4_000)

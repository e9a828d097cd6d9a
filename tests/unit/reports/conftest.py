"""The generator of finished runs, for the tests of this folder."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    path = Path(__file__).with_name("make_content.py")
    spec = importlib.util.spec_from_file_location("make_content", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

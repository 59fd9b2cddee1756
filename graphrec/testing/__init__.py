"""Contracts that a store or a model can be held to, as pytest classes to inherit.

It needs pytest and hypothesis, and nothing else in the package imports it.
"""

import pytest

# Before they are imported, so that a failing assertion shows the values that it compared.
pytest.register_assert_rewrite("graphrec.testing.models", "graphrec.testing.stores")

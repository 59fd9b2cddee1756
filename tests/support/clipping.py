"""For tests of what events mean: what they add up to is not clipped, which has tests of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from graphrec.data import clipping


@pytest.fixture(autouse=True, scope="module")
def unclipped() -> Iterator[None]:
    """As if three times what is usual were no limit to the few people of a small log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clipping, "HEADROOM", np.inf)
        yield

"""Experiments end to end: lists over HTTP, exposures on disk, reports on the command line."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.ingest.load import load as _load  # noqa: F401 - see fixtures

from graphrec.settings import ServeSettings, Settings

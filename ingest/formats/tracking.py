"""Exports of what records the events of an app or a site."""

from __future__ import annotations

from graphrec.ingest.formats.ga4 import GA4
from graphrec.ingest.formats.segment import SEGMENT

FORMATS = (SEGMENT, GA4)

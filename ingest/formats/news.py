"""News."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.formats.declare import Events, Format, Nodes, Shape, Text
from graphrec.ingest.sources import Made

_LABELS = {"1": "click", "0": "impression"}


def _impressions(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
    """`N123-1 N456-0`: each news shown, and whether it was clicked; without a label, left out."""
    for rows in batches:
        shown = pc.split_pattern_regex(pc.utf8_trim_whitespace(rows.column("impressions")), " +")
        entry = pc.list_flatten(shown)
        of = pc.list_parent_indices(shown).to_numpy(zero_copy_only=False).astype(np.int64)
        known = pc.match_substring_regex(entry, "-[01]$").to_numpy(zero_copy_only=False)
        entry, of = entry.filter(pa.array(known)), of[known]
        label = pc.utf8_slice_codeunits(entry, -1).dictionary_encode()
        kinds = pa.array([_LABELS[each] for each in label.dictionary.to_pylist()], pa.string())
        columns = {
            "user": rows.column("user").take(pa.array(of)),
            "item": pc.utf8_slice_codeunits(entry, 0, -2),
            "time": rows.column("time").take(pa.array(of)),
            "kind": kinds.take(label.indices),
        }
        unlabelled = int(np.count_nonzero(~known))
        left_out = {"news shown without a label": unlabelled} if unlabelled else {}
        yield Made(pa.RecordBatch.from_pydict(columns), of, left_out)


MIND = Format(
    "mind",
    "MIND (Microsoft News)",
    (
        Events(
            files=("behaviors.tsv",),
            text=Text(
                "\t",
                ("impression_id", "user", "time", "history", "impressions"),
                "utf-8",
                quotes=False,
            ),
            shape=Shape(
                ("user", "time", "impressions"),
                ("user", "item", "time", "kind"),
                _impressions,
                ("user", "time", "impressions"),
                several=40,
            ),
            time="time",
            kind="kind",
            times={"day_first": False},
        ),
        Nodes(
            files=("news.tsv",),
            text=Text(
                "\t",
                (
                    *("news", "category", "subcategory", "title", "abstract", "url"),
                    *("title_entities", "abstract_entities"),
                ),
                "utf-8",
                quotes=False,
            ),
            distinct=True,
            node_type="item",
            id="news",
            attributes={
                "category": "category",
                "subcategory": "category",
                "title": "text",
                "abstract": "text",
            },
        ),
    ),
    signs=("behaviors.tsv",),
    says=(
        "news that were shown and not clicked are impressions: seen, and nothing more",
        "the history of clicks, which has no times and comes again in each row, is left out",
    ),
)

FORMATS = (MIND,)

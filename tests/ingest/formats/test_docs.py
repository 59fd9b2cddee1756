"""The table of formats in docs/data.md is that of the code."""

from __future__ import annotations

from graphrec.ingest.formats.declare import Format, Nodes
from graphrec.ingest.formats.table import FAMILIES, FORMATS

from tests.support.formats import EXAMPLES
from tests.support.paths import ROOT


def row(form: Format) -> str:
    families = [name for name, members in FAMILIES.items() if form.name in members]
    others = [*form.editions, *(name for name in families if name != form.name)]
    also = f" ({', '.join(f'`{name}`' for name in others)})" if others else ""
    signs = " and ".join(" or ".join(_code(s) for s in sign.split("|")) for sign in form.signs)
    files = [(pattern,) for table in form.tables for pattern in table.beside]
    files += [table.files for table in form.tables]
    read = "; ".join(dict.fromkeys(map(_files, files)))
    said = "; ".join([*_kinds(form), *form.says])
    return f"| `{form.name}`{also} | {form.title} | {read} | {signs or 'its name'} | {said} |"


def _kinds(form: Format) -> list[str]:
    """The kinds of events of its example, and what settings give it its meaning."""
    kinds = dict.fromkeys(kind for *_, kind, _ in EXAMPLES[form.name].events)
    own = {
        kind: [
            f"{name} = {_toml(getattr(policy, name))}" for name in sorted(policy.model_fields_set)
        ]
        for kind, policy in form.kinds.items()
    }
    shown = [f"`{k}`" + (f" ({', '.join(own[k])})" if k in own else "") for k in kinds]
    return [f"kinds {', '.join(shown)}"]


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _files(patterns: tuple[str, ...]) -> str:
    return " or ".join(_code(pattern) for pattern in patterns)


def _code(pattern: str) -> str:
    return f"`{pattern}`"


def table() -> list[str]:
    head = ["| name | data set | files that are read | recognised by | what is taken for what |"]
    return [*head, "| --- | --- | --- | --- | --- |", *map(row, FORMATS)]


def test_the_table_of_formats_is_whole() -> None:
    text = (ROOT / "docs" / "data.md").read_text("utf-8")
    assert "\n".join(table()) in text


def test_nodes_of_each_type_have_a_title_where_there_is_one() -> None:
    """Lists and explanations show the attribute `title`."""
    for form in FORMATS:
        for each in form.tables:
            if isinstance(each, Nodes):
                assert not {"name", "product_name"} & set(each.attributes), form.name

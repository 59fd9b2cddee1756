"""`graphrec events delete`, `items delete`, `users delete` and `ingest --replace`."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from graphrec.store import open_store
from tests.support.command import Answer, error_line, graphrec, write_csv

pytestmark = pytest.mark.slow

TIME = 1_600_000_000

EVENTS = [
    ("ann", "a", "view", 1, "1700000000"),
    ("ann", "a", "view", 1, "1700000001"),
    ("ann", "a", "purchase", 2, "1700000001"),
    ("ann", "b", "view", 1, "1700000002"),
    ("bob", "a", "view", 1, "1700000003"),
    ("bob", "c", "view", 1, "1700000004"),
]
ITEMS = [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_csv(tmp_path / "events.csv", "user,item,event,count,time", EVENTS)
    write_csv(tmp_path / "items.csv", "item,title", ITEMS)
    assert graphrec(tmp_path, "ingest", "events.csv", "--items", "items.csv").code == 0
    return tmp_path


def held(folder: Path) -> set[tuple[str, str, str, int]]:
    with open_store(f"sqlite:///{folder / 'graphrec.db'}") as store:
        log = store.read_graph().interactions
    return {
        (log.users.ids[u], log.items.ids[i], log.kinds[k], int(t) // 1000)
        for u, i, k, t in zip(log.user, log.item, log.kind, log.time, strict=True)
    }


def ids(folder: Path, node_type: str = "item") -> tuple[str, ...]:
    with open_store(f"sqlite:///{folder / 'graphrec.db'}") as store:
        return store.ids(node_type)


def typing(folder: Path, text: str, *arguments: str | Path) -> Answer:
    with patch.object(sys, "stdin", io.StringIO(text)):
        return graphrec(folder, *arguments)


class TestEvents:
    def test_one_is_taken_back(self, shop: Path) -> None:
        one = ("events", "delete", "--user", "ann", "--item", "a", "--kind", "purchase")
        answer = graphrec(shop, *one)
        assert answer.code == 0, answer.err
        assert "Took back 1 event of user ann." in answer.out
        assert "2023-11-14T22:13:21" in answer.out
        assert len(held(shop)) == len(EVENTS) - 1
        assert "nothing was taken back" in graphrec(shop, *one).out

    @pytest.mark.parametrize(
        "time", ["1700000001", "1700000001000", "2023-11-14T22:13:21", "2023-11-14T22:13:21Z"]
    )
    def test_by_its_time(self, shop: Path, time: str) -> None:
        of = ("--user", "ann", "--item", "a", "--time", time, "--kind", "view", "--json")
        assert graphrec(shop, "events", "delete", *of).json() == {
            "deleted": 1,
            "events": [{"item": "a", "kind": "view", "time": 1_700_000_001_000, "value": 1.0}],
        }

    def test_ids_are_read_as_those_of_files_are(self, shop: Path) -> None:
        write_csv(shop / "more.csv", "user,item,event", [("Zo\u00eb", "caf\u00e9", "view")])
        assert graphrec(shop, "ingest", "more.csv").code == 0
        named = ("--user", " Zoe\u0308 ", "--item", "cafe\u0301\u00a0", "--kind", " view ")
        answer = graphrec(shop, "events", "delete", *named, "--json")
        assert answer.json()["deleted"] == 1
        assert graphrec(shop, "items", "delete", " a ", "cafe\u0301").code == 0
        assert set(ids(shop)) == {"b", "c", "d"}

    def test_several_are_asked_for(self, shop: Path) -> None:
        of = ("events", "delete", "--user", "ann", "--item", "a")
        answer = typing(shop, "", *of)
        assert answer.code == 1
        assert "Take back these 3 events?" in answer.err
        assert "add --yes where no one is asked" in answer.err
        assert "nothing was changed" in typing(shop, "n\n", *of).err
        assert len(held(shop)) == len(EVENTS)
        assert typing(shop, "y\n", *of).code == 0
        assert len(held(shop)) == len(EVENTS) - 3
        graphrec(shop, "ingest", "events.csv")
        assert graphrec(shop, *of, "--yes", "--json").json()["deleted"] == 3

    def test_a_time_that_is_none_is_an_error(self, shop: Path) -> None:
        answer = graphrec(shop, "events", "delete", "--user", "a", "--item", "b", "--time", "soon")
        assert "time 'soon' cannot be read" in error_line(answer)


class TestItems:
    def test_are_deleted_and_stay_so(self, shop: Path) -> None:
        answer = graphrec(shop, "items", "delete", "a", "nothing")
        assert "Deleted 1 item. Not in the store: 1 id." in answer.out
        assert ids(shop) == ("b", "c", "d")
        report = graphrec(shop, "ingest", "events.csv", "--json").json()["loaded"]["events"]
        assert (report["rows"], report["accepted"], report["rejected"]) == (6, 2, 4)
        assert report["reasons"] == {"item was deleted": 4}
        assert ids(shop) == ("b", "c", "d")
        with Path(shop, report["rejects"]).open() as file:
            rows = list(csv.DictReader(file))
        assert [row["line"] for row in rows] == ["2", "3", "4", "6"]
        assert {row["reason"] for row in rows} == {"item was deleted"}

    def test_come_back_with_a_file_that_names_them_and_so_do_their_events(self, shop: Path) -> None:
        graphrec(shop, "items", "delete", "a", "d")
        write_csv(shop / "one.csv", "item", [("a",)])
        loaded = graphrec(shop, "ingest", "events.csv", "--items", "one.csv", "--json").json()
        assert loaded["loaded"]["events"]["rejected"] == 0
        assert len(held(shop)) == len(EVENTS)
        assert ids(shop) == ("a", "b", "c")

    def test_that_are_many_are_no_reason_to_load_nothing(self, shop: Path) -> None:
        graphrec(shop, "items", "delete", "a", "b")
        answer = graphrec(shop, "ingest", "events.csv")
        assert answer.code == 0, answer.err
        assert "events: 5 × item was deleted; see rejects" in answer.out

    def test_are_read_from_standard_input(self, shop: Path) -> None:
        answer = typing(shop, "a\n\nb\n", "items", "delete", "-", "--json")
        assert answer.json() == {"asked": 2, "deleted": 2, "unknown": []}

    def test_links_to_them_are_set_aside(self, shop: Path) -> None:
        graphrec(shop, "items", "delete", "a")
        write_csv(shop / "links.csv", "source,target", [("a", "b"), ("b", "a"), ("b", "c")])
        of = ("ingest", "--links", "item:also_viewed:item=links.csv", "--json")
        report = graphrec(shop, *of).json()["loaded"]["item:also_viewed:item"]
        assert (report["new"], report["reasons"]) == (1, {"item was deleted": 2})
        assert ids(shop) == ("b", "c", "d")


class TestUsers:
    @pytest.mark.parametrize("command", [("forget",), ("users", "delete")])
    def test_stay_deleted_without_a_trace(self, shop: Path, command: tuple[str, ...]) -> None:
        answer = graphrec(shop, *command, "ann", "--verify")
        assert answer.code == 0, answer.err
        report = graphrec(shop, "ingest", "events.csv", "--json").json()["loaded"]["events"]
        assert report["reasons"] == {"user was deleted": 4}
        assert ids(shop, "user") == ("bob",)
        assert graphrec(shop, *command, "ann", "--verify").code == 0
        write_csv(shop / "users.csv", "user", [("ann",)])
        graphrec(shop, "ingest", "events.csv", "--users", "users.csv")
        assert ids(shop, "user") == ("ann", "bob")
        assert len(held(shop)) == len(EVENTS)

    def test_are_not_remembered_where_the_settings_say_so(self, shop: Path) -> None:
        (shop / "graphrec.toml").write_text("[privacy]\nremember_forgotten = false\n")
        graphrec(shop, "forget", "ann")
        graphrec(shop, "ingest", "events.csv")
        assert ids(shop, "user") == ("ann", "bob")


class TestReplace:
    def catalogue(self, shop: Path, *names: str) -> tuple[str, ...]:
        write_csv(shop / "new.csv", "item,title", [(name, name.upper()) for name in names])
        return ("ingest", "--items", "new.csv", "--replace")

    def test_the_catalogue_becomes_what_the_file_says(self, shop: Path) -> None:
        command = self.catalogue(shop, "a", "b", "e")
        answer = typing(shop, "y\n", *command)
        assert answer.code == 0, answer.err
        assert "Delete 2 of 4 items, with their events, such as c?" in answer.err
        assert "Removed 2 items that new.csv does not name." in answer.out
        assert ids(shop) == ("a", "b", "e")
        assert {item for _, item, *_ in held(shop)} == {"a", "b"}
        again = graphrec(shop, *command)  # nothing to ask
        assert (again.code, "Removed 0 items" in again.out) == (0, True)
        assert graphrec(shop, "ingest", "events.csv", "--json").json()["loaded"]["events"][
            "reasons"
        ] == {"item was deleted": 1}

    @pytest.mark.parametrize("typed", ["", "n\n"])
    def test_nothing_changes_without_agreement(self, shop: Path, typed: str) -> None:
        answer = typing(shop, typed, *self.catalogue(shop, "a", "b", "c", "e"))
        assert answer.code == 1
        assert "nothing was changed" in answer.err
        assert ids(shop) == ("a", "b", "c", "d")

    def test_more_than_half_needs_yes(self, shop: Path) -> None:
        command = self.catalogue(shop, "a")
        answer = typing(shop, "y\n", *command)
        assert "would delete 3 of 4 items (75%)" in error_line(answer)
        assert ids(shop) == ("a", "b", "c", "d")
        assert graphrec(shop, *command, "--yes", "--json").json()["removed"] == 3
        assert ids(shop) == ("a",)

    def test_events_beside_it_count_where_the_catalogue_has_their_items(self, shop: Path) -> None:
        write_csv(
            shop / "more.csv",
            "user,item,time",
            [("ann", item, TIME) for item in "az"],
        )
        command = [*self.catalogue(shop, "a", "b", "c"), "--yes", "--json"]
        report = graphrec(shop, "ingest", "more.csv", *command[1:]).json()["loaded"]["events"]
        assert report["reasons"] == {"item is not in the catalogue that replaces the one before": 1}
        assert ids(shop) == ("a", "b", "c")

    def test_a_row_that_cannot_be_used_deletes_nothing(self, shop: Path) -> None:
        write_csv(shop / "years.csv", "item,year", [("a", 1), ("b", 2), ("c", 3)])
        graphrec(shop, "ingest", "--items", "years.csv")
        write_csv(shop / "new.csv", "item,year", [("a", 1), ("b", "soon"), ("c", 3)])
        of = ("--items", "new.csv", "--attribute", "year=number", "--max-rejected", "1")
        answer = graphrec(shop, "ingest", *of, "--replace", "--yes")
        assert "expected none with --replace" in error_line(answer)
        assert ids(shop) == ("a", "b", "c", "d")

    def test_a_file_of_no_items_deletes_nothing(self, shop: Path) -> None:
        answer = graphrec(shop, *self.catalogue(shop), "--yes")
        assert answer.code == 1
        assert ids(shop) == ("a", "b", "c", "d")

    def test_what_fails_later_deletes_nothing(self, shop: Path) -> None:
        command = self.catalogue(shop, "a", "b", "c")
        (shop / "bad.csv").write_text("nothing,here\n1,2\n")
        assert graphrec(shop, "ingest", "bad.csv", *command[1:], "--yes").code == 1
        assert ids(shop) == ("a", "b", "c", "d")

    def test_needs_a_file_of_items(self, shop: Path) -> None:
        for of in (("--users", "items.csv"), ("events.csv",)):
            answer = graphrec(shop, "ingest", *of, "--replace")
            assert "expected --items FILE beside it" in error_line(answer)


def test_the_report_says_what_was_merged(tmp_path: Path) -> None:
    rows = [("ann", "a", kind, n, TIME) for kind in ("view", "purchase") for n in (1, 2, 4)]
    write_csv(tmp_path / "events.csv", "user,item,event,count,time", rows)
    (tmp_path / "graphrec.toml").write_text('[kinds.purchase]\nsame_time = "add"\n')
    out = " ".join(graphrec(tmp_path, "ingest", "events.csv").out.split())
    assert "events: merged 2 rows with the same user, item, kind and time: the last one" in out
    assert "events: merged 2 rows with the same user, item, kind and time: their values" in out


class TestForgottenUsers:
    def test_come_back_by_a_file_of_users_which_is_said(self, shop: Path) -> None:
        graphrec(shop, "forget", "ann")
        write_csv(shop / "users.csv", "user,country", [("ann", "DE"), ("bob", "FR")])
        of = ("ingest", "events.csv", "--users", "users.csv")
        assert graphrec(shop, *of, "--strict").code == 1
        assert ids(shop, "user") == ("bob",)
        answer = graphrec(shop, *of)
        assert "[forgotten_users_return]: user: 1 user who was forgotten comes back" in answer.out
        assert "set privacy.refuse_forgotten = true" in answer.out
        assert ids(shop, "user") == ("ann", "bob")
        assert "forgotten_users_return" not in graphrec(shop, *of).out

    def test_are_kept_out_where_the_settings_say_so(self, shop: Path) -> None:
        (shop / "graphrec.toml").write_text("[privacy]\nrefuse_forgotten = true\n")
        graphrec(shop, "forget", "ann")
        write_csv(shop / "users.csv", "user,country", [("ann", "DE"), ("bob", "FR")])
        of = ("ingest", "events.csv", "--users", "users.csv", "--strict", "--json")
        loaded = graphrec(shop, *of).json()["loaded"]
        assert loaded["user"]["reasons"] == {"user was deleted": 1}
        assert loaded["events"]["reasons"] == {"user was deleted": 4}
        assert ids(shop, "user") == ("bob",)

    @pytest.mark.parametrize("time", ["1700000000", "never"])
    def test_are_not_in_the_file_of_rejects(self, shop: Path, time: str) -> None:
        """Not even where something else is wrong with a row of theirs."""
        person = "person-ann@example.org"
        graphrec(shop, "forget", person)
        rows = [(person, "a", "view", 1, time), ("bob", "a", "view", 1, "soon")]
        write_csv(shop / "more.csv", "user,item,event,count,time", rows)
        answer = graphrec(shop, "ingest", "more.csv", "--max-rejected", "1")
        assert answer.code == 0, answer.err
        assert person not in (shop / "rejects" / "more.csv").read_text() + answer.out + answer.err
        assert "bob" in (shop / "rejects" / "more.csv").read_text()

    def test_who_was_set_aside_before_is_taken_out_of_the_rejects(self, shop: Path) -> None:
        rows = [("ann", "a", "view", 1, "soon"), ("bob", "a", "view", 1, "soon")]
        write_csv(shop / "more.csv", "user,item,event,count,time", rows)
        graphrec(shop, "ingest", "more.csv", "--max-rejected", "1")
        answer = graphrec(shop, "forget", "ann", "--verify")
        assert answer.code == 0, answer.err
        assert "Deleted 1 rejected row." in answer.out
        left = (shop / "rejects" / "more.csv").read_text()
        assert ("ann" in left, "bob" in left) == (False, True)


LISTS = {
    "a byte order mark": b"\xef\xbb\xbfann\nb\xc3\xb6b\n",
    "UTF-16": "ann\nböb\n".encode("utf-16"),
    "UTF-16 without a mark": "ann\nböb\n".encode("utf-16-le"),
    "Western": "ann\nböb\n".encode("cp1252"),
    "line ends of Windows": "ann\r\nböb\r\n".encode(),
    "line ends of old Macs": "ann\rböb".encode(),
    "blanks and empty lines": "  ann\t\n\n \nböb\xa0\n\n".encode(),
    "quotes": '"ann"\n"böb"\n'.encode(),
    "another Unicode form": "ann\nbo\u0308b\n".encode(),
    "ids that come twice": "ann\nböb\nann\n".encode(),
}


@pytest.mark.parametrize("what", LISTS)
def test_a_list_names_the_right_people(tmp_path: Path, what: str) -> None:
    rows = [(user, "a", 1) for user in ("ann", "böb", "cat", '"cat"')]
    write_csv(tmp_path / "events.csv", "user,item,rating", rows)
    assert graphrec(tmp_path, "ingest", "events.csv").code == 0
    stdin = io.TextIOWrapper(io.BytesIO(LISTS[what]), "ascii", "surrogateescape")
    with patch.object(sys, "stdin", stdin):
        found = graphrec(tmp_path, "forget", "-", "--verify", "--json").json()
    assert (found["stored"], found["asked"], found["unknown"]) == (2, 2, [])
    assert "ann" not in ids(tmp_path, "user")
    assert "böb" not in ids(tmp_path, "user")
    assert len(ids(tmp_path, "user")) == 2


def test_unknown_ids_of_a_list_are_said_by_line(shop: Path) -> None:
    answer = typing(shop, "user_id\nann\nnobody@example.org\nann,bob\n", "forget", "-")
    assert answer.code == 0
    said = " ".join(answer.out.split())
    assert "Deleted 1 user. Not in the store: 3 ids. Unknown: line 1, line 3, line 4." in said
    assert "nobody@" not in said


@pytest.mark.parametrize("empty", ["", "\n\n", '\ufeff\n""\n'])
@pytest.mark.parametrize("command", [("forget",), ("items", "delete")])
def test_an_empty_list_is_an_error(shop: Path, command: tuple[str, ...], empty: str) -> None:
    answer = typing(shop, empty, *command, "-")
    assert answer.code == 1
    assert "the list on standard input is empty: expected an id in each line" in error_line(answer)

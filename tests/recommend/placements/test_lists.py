"""Rules, exclusions, caps, pins and fallbacks hold in every placement."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from graphrec.errors import SettingsError
from graphrec.placement.definition import Pin
from graphrec.placement.ready import READY
from graphrec.recommend.arrangement import arranged
from graphrec.recommend.query import Query
from graphrec.recommend.reasons import LANGUAGES, sentence
from graphrec.recommend.setting_names import known_in_view, setting_problems
from graphrec.retrieval.reason import Reason
from graphrec.rules.rule import RequireRule
from graphrec.settings import Settings
from graphrec.store.delta_log import DeltaLog
from graphrec.store.protocol import ChangedNode
from graphrec.training.fusion import fusion_of
from tests.support.placed import CONTEXT, ITEMS, engine, ids, later, shop

IN_STOCK = RequireRule(name="in stock", action="require", attribute="stock", least=1)
OUT = {"cable"}

EVERY = {name: {"min_support": 1} for name in ("also-bought", "also-viewed", "cart", "trending")}


@pytest.mark.parametrize("name", READY)
def test_rules_of_the_settings_hold_in_every_placement(name: str) -> None:
    asked: dict[str, Any] = {"context": CONTEXT, "k": 8}
    if name in ("similar", "also-bought", "also-viewed", "cart"):
        asked["item"] = "charger"
    else:
        asked["user"] = "bob"
    free = ids(engine(placements=EVERY).placement(name, **asked))
    ruled = ids(engine(placements=EVERY, rules=(IN_STOCK,)).placement(name, **asked))
    assert ruled == [item for item in free if item not in OUT] or name == "for-you"
    assert not OUT & set(ruled)


def test_rules_of_the_settings_hold_at_every_door() -> None:
    ruled = engine(rules=(IN_STOCK,))
    assert "cable" in ids(engine().related("charger"))
    assert "cable" not in ids(ruled.related("charger"))
    assert "cable" not in ids(ruled.directory.popular(9, ruled.allowed()))
    assert "cable" not in ids(ruled.recommend(Query(k=9)))
    assert "cable" not in ids(ruled.recommend(Query(items=("phone",), k=9)))
    frame = ruled.recommend_all(k=9).to_frame()
    assert "cable" not in set(frame["item"])
    assert "cable" in set(engine().recommend_all(k=9).to_frame()["item"])
    assert ruled.why_not("gus", "cable").rule == "in stock"


def test_what_changes_afterwards_holds() -> None:
    log = DeltaLog()
    values = {"title": "Charger", "category": "power", "stock": 0.0, "published_at": 1.0}
    log.add_nodes([ChangedNode("item", "charger", values)], 1)
    sold_out = engine(rules=(IN_STOCK,)).advanced(log.delta)
    for name in ("also-bought", "similar", "popular"):
        assert "charger" not in ids(sold_out.placement(name, item="phone", context=CONTEXT))


class TestExclude:
    def listed(self, user: str, *exclude: dict[str, Any]) -> set[str]:
        placed = engine(placements={"for-you": {"exclude": exclude, "fallback": ()}})
        return set(ids(placed.placement("for-you", user=user, k=8, context=CONTEXT)))

    def test_by_kind(self) -> None:
        bought, viewed = {"phone", "charger", "case", "cable"}, {"lamp", "phone"}
        assert self.listed("ann", {"kinds": ("purchase",)}) == ITEMS.keys() - bought
        assert self.listed("ann", {"kinds": ("view",)}) == ITEMS.keys() - viewed
        assert self.listed("ann", {}) == ITEMS.keys() - bought - viewed

    def test_by_window_and_number(self) -> None:
        exclude = {"kinds": ("purchase",), "days": 35}
        assert self.listed("ann", exclude) == ITEMS.keys() - {"cable"}
        assert self.listed("eve", {"kinds": ("purchase",), "times": 3}) == ITEMS.keys() - {"soap"}
        assert self.listed("eve", {"kinds": ("purchase",), "times": 4}) == ITEMS.keys()

    def test_unless(self) -> None:
        exclude = {"kinds": ("view",), "unless": ("purchase",)}
        assert self.listed("ann", exclude) == ITEMS.keys() - {"lamp"}

    def test_what_was_shown_fades(self) -> None:
        placed = engine(
            placements={"popular": {"exclude": [{"kinds": ["impression"], "times": 2, "days": 7}]}}
        )
        shown = later(
            placed, ("ann", "vase", "impression", 1), ("ann", "vase", "impression", 2),
            ("ann", "rug", "impression", 1), ("ann", "soap", "impression", 9),
            ("ann", "soap", "impression", 1),
        )  # fmt: skip
        before = ids(placed.placement("popular", user="ann", context=CONTEXT))
        after = ids(shown.placement("popular", user="ann", context=CONTEXT))
        assert after == [item for item in before if item != "vase"]


class TestArrangement:
    TABLE = engine().view.items.table

    def rows(self, *items: str) -> np.ndarray:
        return engine().view.items.rows_of(items)

    @given(
        order=st.permutations(list(ITEMS)),
        k=st.integers(1, 9),
        caps=st.dictionaries(st.sampled_from(["brand", "category"]), st.integers(1, 3)),
    )
    def test_caps_take_the_best_that_fit(
        self, order: list[str], k: int, caps: dict[str, int]
    ) -> None:
        places = arranged(self.rows(*order), k, self.TABLE, caps)
        chosen = [order[at] for at in places]
        assert places == sorted(places)
        kept: list[str] = []
        place = {"category": 0, "brand": 1}
        for item in order:  # as one who fills a shelf would
            counts = {
                name: Counter(str(ITEMS[each][place[name]]) for each in kept) for name in caps
            }
            if len(kept) < k and all(
                counts[name][str(ITEMS[item][place[name]])] < most for name, most in caps.items()
            ):
                kept.append(item)
        assert chosen == kept

    def test_a_pin_takes_its_place_where_it_is_good_enough(self) -> None:
        order = self.rows(*ITEMS)
        pin = Pin(place=1, items=("soap",), among=6)
        assert arranged(order, 4, self.TABLE, {}, [pin]) == [5, 0, 1, 2]
        assert arranged(order, 4, self.TABLE, {}, [Pin(place=1, items=("soap",), among=5)]) == [
            0, 1, 2, 3,
        ]  # fmt: skip
        by_brand = Pin(place=3, attribute="brand", any_of=("zest",))
        assert arranged(order, 4, self.TABLE, {}, [by_brand]) == [0, 1, 5, 2]
        assert arranged(order, 4, self.TABLE, {"brand": 1}, [by_brand]) == [0, 2, 5]

    def test_in_lists(self) -> None:
        settings = {"caps": {"brand": 1}, "pins": [{"place": 2, "items": ["vase"]}]}
        placed = engine(placements={"popular": settings, "for-you": settings})
        for name in ("popular", "for-you"):
            found = ids(placed.placement(name, user="nobody", k=4, context=CONTEXT))
            assert found[1] == "vase"
            assert max(Counter(ITEMS[item][1] for item in found).values()) == 1


class TestFallback:
    def test_fills_up_in_order_with_nothing_twice(self) -> None:
        placed = engine(
            rules=(IN_STOCK,),
            placements={"also-bought": {"fallback": ["similar", "popular"], "caps": {"brand": 2}}},
        )
        found = placed.placement("also-bought", item="phone", k=8, context=CONTEXT)
        listed = ids(found)
        assert len(set(listed)) == len(listed)
        assert "phone" not in listed
        assert "cable" not in listed
        assert found.fallbacks[0] == "also-bought"
        assert max(Counter(ITEMS[item][1] for item in listed).values()) <= 2

    @pytest.mark.parametrize("fallback", [["nothing"], ["trending"], ["also-bought"]])
    def test_bad_ones_are_refused(self, fallback: list[str]) -> None:
        placements = {"trending": {"fallback": fallback}, "also-bought": {"fallback": ["trending"]}}
        with pytest.raises(ValidationError, match=r"trending\.fallback|also-bought\.fallback"):
            Settings(placements=placements)


def test_fields_and_languages() -> None:
    placed = engine(placements={"also-bought": {"fields": ["price", "brand"]}})
    [first, *_] = placed.placement("also-bought", item="phone", language="de-AT")
    assert first.fields == {"price": 20.0, "brand": "acme"}
    assert first.reason == "4 Personen, die Phone gekauft haben, haben auch das gekauft"
    own = engine(
        reasons={"fr": {"also-bought": "{people} clients ont aussi pris {via}"}},
        placements={"also-bought": {"reasons": {"also-bought": "With {via}"}}},
    )
    assert own.placement("also-bought", item="phone", language="fr")[0].reason == "With Phone"
    plain = engine(reasons={"fr": {"also-bought": "{people} clients ont aussi pris {via}"}})
    found = plain.placement("also-bought", item="phone", language="fr")
    assert found[0].reason == "4 clients ont aussi pris Phone"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_code(language: str) -> None:
    own, english = LANGUAGES[language], LANGUAGES["en"]
    assert own.keys() - english.keys() == set()
    assert {code for code in english if not code.endswith(".one")} <= own.keys()
    for code, template in own.items():
        values = {"people": 1, "name": "N", "via": "V", "value": "X", "said": "S"}
        assert sentence(Reason(code.removesuffix(".one"), values), language)
        assert "{{" not in template


def test_bad_templates_are_refused() -> None:
    with pytest.raises(ValidationError, match="expected names"):
        Settings(reasons={"en": {"popular": "{people.__class__}"}})


def test_the_shop_has_its_events_by_kind() -> None:
    held = shop().events
    assert held["purchase"].counted.nnz + held["purchase"].others.nnz == 19
    assert held["purchase"].others.nnz == 1  # the rug that was given back


def test_settings_that_name_what_there_is_not_are_said() -> None:
    placements = {
        "shelf": {
            "type": "popular",
            "kinds": ["veiw"],
            "segment": "contry",
            "caps": {"brnad": 1},
            "fields": ["prize"],
            "rules": [{**IN_STOCK.model_dump(exclude_unset=True), "attribute": "stok"}],
        }
    }
    asked = engine(placements=placements)
    found = setting_problems(Settings(placements=placements), known_in_view(asked.view))
    said = {problem.key.removeprefix("placements.shelf."): problem.said for problem in found}
    assert {key.partition("[")[0] for key in said} == {
        "kinds",
        "segment",
        "caps",
        "fields",
        "rules",
    }
    for key, meant in (("kinds", "view"), ("caps", "brand"), ("fields", "price")):
        assert f"did you mean {meant!r}?" in said[key]


def test_placements_in_python() -> None:
    asked = engine().with_placements({"shelf": {"type": "popular", "kinds": ["view"]}})
    assert ids(asked.placement("shelf", context=CONTEXT)) == ["lamp", "phone"]
    with pytest.raises(SettingsError, match="type"):
        engine().with_placements({"shelf": {"kinds": ["view"]}})


def test_attributes_of_users_that_rules_go_by_are_kept() -> None:
    own = {"name": "own", "action": "require", "attribute": "brand", "of_user": "brands"}
    settings = Settings(
        rules=[own], placements={"shelf": {"type": "popular", "segment": "country"}}
    )
    assert settings.user_attributes == {"brands", "country"}
    assert fusion_of(settings, ()).user_attributes == {"brands", "country"}

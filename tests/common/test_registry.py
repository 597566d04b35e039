import pytest

from common.errors import UserError
from common.registry import Entry, Registry


def fractions() -> Registry[type]:
    return Registry("number", {"fraction": "fractions:Fraction"})


def test_an_entry_is_imported_when_asked_for() -> None:
    broken: Registry[type] = Registry("number", {"absent": "no_such_module:Thing"})
    assert broken.names() == ("absent",)
    with pytest.raises(ModuleNotFoundError):
        broken["absent"]


def test_a_registered_name_cannot_be_taken_again() -> None:
    registry = fractions()
    with pytest.raises(UserError, match="number 'fraction' is already registered"):
        registry.register("fraction", "decimal:Decimal")


def test_registering_adds_and_unregistering_takes_back() -> None:
    registry = fractions()
    registry.register("decimal", "decimal:Decimal")
    assert registry["decimal"].__name__ == "Decimal"
    registry.unregister("decimal")
    assert list(registry) == ["fraction"]
    assert "decimal" not in registry
    assert len(registry) == 1


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown number 'fracton' \(did you mean 'fraction'\?\)"):
        fractions()["fracton"]


def test_titles_and_abbreviations_come_without_an_import() -> None:
    entries: dict[str, str | Entry] = {
        "ft_transformer": Entry("absent:FT", "FT-Transformer"),
        "self_influence": Entry("absent", "Self-Influence", "SI"),
        "gd_class": "absent:gd_class",
    }
    registry: Registry[type] = Registry("thing", entries)
    assert [registry.title(name) for name in registry] == [
        "FT-Transformer",
        "Self-Influence",
        "gd class",
    ]
    assert [registry.short(name) for name in (*registry, "not_registered")] == [
        "FT-Transformer",
        "SI",
        "gd class",
        "not registered",
    ]


def test_an_attribute_of_the_same_name_need_not_be_repeated() -> None:
    registry: Registry[type] = Registry("number", {"Fraction": "fractions"})
    assert registry["Fraction"].__name__ == "Fraction"

"""The typed shape of `config/consent.yaml`: which bases of consent count where, and how long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from leadline.config.values import Country, Duration, Shape
from leadline.domain.consent import RULES, ConsentRules, CountryRules

if TYPE_CHECKING:
    from collections.abc import Mapping

Basis = Literal[
    "opt_in", "address_in_writing", "business_relationship", "published_business_address"
]


def _lasting(value: object) -> object:
    """Turn `forever` into None."""
    return None if value == "forever" else value


Lasting = Annotated[Annotated[timedelta, *Duration.__metadata__] | None, BeforeValidator(_lasting)]


class CountryShape(Shape):
    """What counts in one country."""

    bases: Annotated[dict[Basis, Lasting], Field(min_length=1)] = Field(
        description="how long each basis that counts lasts: `forever`, `730d`"
    )
    after_refusal: tuple[Basis, ...] = Field(
        default=("opt_in",), description="bases that count again when newer than a refusal"
    )


class ConsentShape(Shape):
    """`config/consent.yaml`."""

    countries: dict[Country, CountryShape] = Field(default_factory=dict)
    elsewhere: CountryShape | None = Field(
        default=None, description="every country that is not named"
    )


def consent_rules(shape: ConsentShape) -> ConsentRules:
    """Return the rules that hold: those of the project over those that leadline brings."""
    countries: Mapping[str, CountryRules] = {
        **RULES.countries,
        **{code: _rules(each) for code, each in shape.countries.items()},
    }
    return ConsentRules(countries, _rules(shape.elsewhere) if shape.elsewhere else RULES.default)


def _rules(shape: CountryShape) -> CountryRules:
    return CountryRules(
        {str(basis): lasts for basis, lasts in shape.bases.items()}, frozenset(shape.after_refusal)
    )

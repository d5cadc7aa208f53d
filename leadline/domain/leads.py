"""The canonical lead: its fields, their types, and the words for a request."""

from __future__ import annotations

from typing import Final, Literal

FieldType = Literal["text", "number", "boolean", "time"]

#: What conditions, templates and files may name. `employees` in a condition is the lower bound.
LEAD_FIELDS: Final[dict[str, FieldType]] = {
    "external_id": "text",
    "email": "text",
    "given_name": "text",
    "family_name": "text",
    "full_name": "text",
    "name_kana": "text",
    "company": "text",
    "department": "text",
    "title": "text",
    "phone": "text",
    "country": "text",
    "region": "text",
    "city": "text",
    "postal_code": "text",
    "address": "text",
    "industry": "text",
    "employees": "number",
    "website": "text",
    "source": "text",
    "campaign": "text",
    "utm_source": "text",
    "utm_medium": "text",
    "utm_campaign": "text",
    "message": "text",
    "request": "text",
    "product": "text",
    "budget": "text",
    "timeframe": "text",
    "decision_role": "text",
    "owner": "text",
    "language": "text",
    "timezone": "text",
    "consent": "boolean",
    "created_at": "time",
    "submitted_at": "time",
}

#: Fields that a condition may name beyond what a source can state.
DERIVED_FIELDS: Final[dict[str, FieldType]] = {
    "points": "number",
    "fit_points": "number",
    "engagement_points": "number",
    "grade": "text",
    "engagement_level": "number",
    "lifecycle_stage": "text",
    "is_role_address": "boolean",
    "is_free_address": "boolean",
    "is_disposable_address": "boolean",
    "company_key": "text",
    "region_code": "text",
    "routing_skip": "text",
}

#: What a score model decides about a lead. Of the main model these are fields of the lead; of a
#: model beside it the field bears the model's name, as in `points_cloud`.
SCORE_FIELDS: Final[dict[str, FieldType]] = {
    name: DERIVED_FIELDS[name]
    for name in ("points", "fit_points", "engagement_points", "grade", "engagement_level")
}

REQUESTS: Final = ("quote", "demo", "document", "consultation", "support", "other")
LANGUAGES: Final = ("en", "ja")
#: The grade of a hot lead: it is routed first, and its rep is told first. A grade says how well a
#: lead fits (`leadline.domain.scoring`), so a hot lead is one of the kind that the company looks
#: for; points, which tell how much it has done as well, rank the leads behind it.
HOT_GRADE: Final = "A"
LIFECYCLE_STAGES: Final = ("subscriber", "lead", "mql", "sal", "sql", "opportunity", "customer")


def find_score_field(name: str) -> tuple[str, str] | None:
    """Return field and model of a name such as `points_cloud`, None for any other name."""
    if name in LEAD_FIELDS or name in DERIVED_FIELDS:
        return None
    for field in sorted(SCORE_FIELDS, key=len, reverse=True):
        if name.startswith(f"{field}_"):
            return field, name.removeprefix(f"{field}_")
    return None

"""Files whose id or mail column is not of the person alone: nobody is joined to somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadline.stages.imports import finish_import, import_file, preview_import
from tests.factories import NOW, a_workspace, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leadline.stages import Workspace

YAMADA = "100,山田工業,山田 太郎,n1@d.example"
SUZUKI = "100,山田工業,鈴木 花子,n2@d.example"
CODE = "顧客コード,会社名,氏名,メールアドレス"
TWO = [("n1@d.example", "山田 太郎", "山田", "太郎"), ("n2@d.example", "鈴木 花子", "鈴木", "花子")]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path / "home") as opened:
        yield opened


def put(work: Workspace, *lines: str, name: str = "fair") -> Path:
    path = work.environment.home / name / "list.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def take(work: Workspace, path: Path, *, size: int = 20000) -> None:
    finish_import(work, import_file(work, path, now=NOW, size=size), now=NOW)


def people(work: Workspace) -> list[tuple[str, str, str, str]]:
    names = ("email", "full_name", "family_name", "given_name")
    return [tuple(lead[name] for name in names) for lead in rows_of(work, "leads")]


@pytest.mark.parametrize(
    "id_header", ["顧客コード", "Kundennummer", "会社ID", "登録番号", "Lead ID"]
)
@pytest.mark.parametrize("size", [1, 20000], ids=["chunks", "one chunk"])
def test_people_of_one_company_number_are_leads_of_their_own(
    work: Workspace, id_header: str, size: int
) -> None:
    path = put(work, f"{id_header},会社名,氏名,メールアドレス", YAMADA, SUZUKI)
    assert preview_import(work, path).created == 2
    take(work, path, size=size)
    assert people(work) == TWO


def test_known_lead_is_not_joined_by_a_company_number(work: Workspace) -> None:
    take(work, put(work, CODE, YAMADA))
    path = put(work, CODE, SUZUKI)
    assert preview_import(work, path).created == 1
    take(work, path)
    assert people(work) == TWO
    assert [key["lead_id"] for key in rows_of(work, "lead_keys") if key["kind"] == "external"] == [
        1
    ]


def test_person_with_another_address_is_still_known_by_the_id(work: Workspace) -> None:
    take(work, put(work, CODE, YAMADA))
    path = put(work, CODE, YAMADA.replace("n1@", "n3@"))
    assert preview_import(work, path).created == 0
    take(work, path)
    assert people(work) == TWO[:1]


def test_new_name_brings_its_own_parts(work: Workspace) -> None:
    take(work, put(work, CODE, YAMADA))
    take(work, put(work, CODE, SUZUKI.replace("n2@", "n1@")))
    assert people(work) == [("n1@d.example", "鈴木 花子", "鈴木", "花子")]


@pytest.mark.parametrize(
    "header",
    [
        "User Name,User Email,Invitee Name,Invitee Email",
        "Buyer Name,Buyer Email,Attendee Name,Attendee Email",
        "購入者氏名,購入者メールアドレス,参加者氏名,参加者メールアドレス",
    ],
)
def test_address_of_the_guest_counts_before_that_of_host_or_buyer(
    work: Workspace, header: str
) -> None:
    rep = "Dana Rep,dana@ourco.example"
    take(work, put(work, header, f"{rep},Lisa Ray,g1@c.example", f"{rep},Moe Ray,g2@c.example"))
    assert [(email, name) for email, name, *_ in people(work)] == [
        ("g1@c.example", "Lisa Ray"),
        ("g2@c.example", "Moe Ray"),
    ]

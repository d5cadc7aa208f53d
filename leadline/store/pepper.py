"""The pepper that a database was made with: with another one every ban would match nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from sqlalchemy import select

from leadline.domain.intake import is_role_address
from leadline.domain.keys import match_key_hash
from leadline.errors import StoreError
from leadline.store import schema
from leadline.store.bulk import among

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

    from leadline.store.engine import Store

_SAMPLE: Final = 20


class PepperChanged(StoreError):
    """The pepper is not the one that the database's hashes were made with."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "LEADLINE_PEPPER is not the one that this database was made with. With another "
        "pepper, people who unsubscribed would be written to again, so nothing was done. Restore "
        "secrets.env (or the variable) from the backup of this database.",
        "ja": "LEADLINE_PEPPER が、このデータベースの作成時と異なります。異なる値で続けると"
        "配信停止した方に再び送信してしまうため、何も実行していません。このデータベースの"
        "バックアップから secrets.env (または環境変数) を復元してください。",
    }


def check_pepper(store: Store) -> None:
    """Make sure that the store's pepper is the one under which its leads are known.

    Raises:
        PepperChanged: none of the newest leads is known under it.
    """
    with store.read() as connection:
        if not _is_known(connection, store.pepper):
            raise PepperChanged


def _is_known(connection: Connection, pepper: str) -> bool:
    """Tell whether a lead's address is among its keys; True as long as there is none to ask."""
    leads, keys = schema.leads, schema.lead_keys
    known = (
        select(leads.c.email)
        .join(keys, keys.c.lead_id == leads.c.id)
        .where(keys.c.kind == "email")
        .order_by(leads.c.id.desc())
        .limit(_SAMPLE)
    )
    addresses = connection.execute(known).scalars()
    # the key of a function's address holds the name that it came with, which may have changed
    asked = {
        match_key_hash("email", address, pepper=pepper)
        for address in addresses
        if not is_role_address(address)
    }
    if not asked:
        return True
    found = select(keys.c.key_hash).where(
        keys.c.kind == "email", among(connection, keys.c.key_hash, asked)
    )
    return connection.execute(found.limit(1)).first() is not None

"""The environment, read once at the edge: folders, addresses, secrets, language.

Secrets come from the variables or from `secrets.env` in the state folder, which `leadline init`
writes for its owner alone. Nothing here shows a secret.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal
from urllib.parse import urlsplit

from leadline.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Network = IPv4Network | IPv6Network
#: What signs or comes with a body, what answers Meta's handshake, and what asks for answers.
WebhookSecret = Literal["SECRET", "VERIFY", "TOKEN"]
#: The access token for every source of Meta's that has none of its own.
META_TOKEN: Final = "LEADLINE_META_ACCESS_TOKEN"  # noqa: S105 - the variable, not the token

SECRETS_FILE: Final = "secrets.env"
_SECRETS: Final = ("LEADLINE_SECRET_KEYS", "LEADLINE_PEPPER")
_DEFAULT_BASE_URL: Final = "http://127.0.0.1:8080"
_LOCALE_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


class SecretsMissing(LeadlineError):
    """There are no signing keys or no pepper."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "There are no secrets: neither LEADLINE_SECRET_KEYS and LEADLINE_PEPPER nor the "
        "file {path}. Restore it from the backup; for a new project without leads, make it with "
        "`leadline init {home}`.",
        "ja": "シークレットがありません (環境変数 LEADLINE_SECRET_KEYS・LEADLINE_PEPPER も、"
        "ファイル {path} もありません)。バックアップから復元してください。リードがまだない新しい"
        "プロジェクトでは、`leadline init {home}` で作成できます。",
    }


class SecretsExposed(LeadlineError):
    """The file of secrets can be read by others than its owner."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{path} holds secrets and others than its owner may read it (mode {mode}). "
        "Run `chmod 600 {path}`, and renew the keys if others use this computer.",
        "ja": "{path} はシークレットを含みますが、所有者以外も読み取れます (モード {mode})。"
        "`chmod 600 {path}` を実行し、他の利用者がいる場合は鍵を更新してください。",
    }


class HomeUnset(LeadlineError):
    """A worker was started without the folder of its project."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "The variable {variable} is not set. Set it to the project folder (made by "
        "`leadline init`) where the worker is started.",
        "ja": "環境変数 {variable} が設定されていません。ワーカーを起動する環境で、"
        "プロジェクトフォルダ (`leadline init` で作成) を設定してください。",
    }


class ProxiesUnreadable(LeadlineError):
    """LEADLINE_TRUSTED_PROXIES cannot be read."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "LEADLINE_TRUSTED_PROXIES names {word}, which is no address and no network. Write "
        "the addresses of your own proxies with commas, such as 127.0.0.1,10.0.0.0/8.",
        "ja": "LEADLINE_TRUSTED_PROXIES の {word} は、アドレスまたはネットワークとして解釈"
        "できません。自社のプロキシをカンマ区切りで指定してください。例: 127.0.0.1,10.0.0.0/8",
    }


class GraphElsewhere(LeadlineError):
    """LEADLINE_META_GRAPH_URL leads to another computer."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "LEADLINE_META_GRAPH_URL may only name this computer (http://127.0.0.1:PORT), for "
        "tests: the access token goes there. Leave it out to ask Meta itself.",
        "ja": "LEADLINE_META_GRAPH_URL に指定できるのは、テスト用のこのコンピューター "
        "(http://127.0.0.1:PORT) だけです。アクセストークンの送信先となるためです。Meta に"
        "問い合わせる場合は指定しないでください。",
    }


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says, with defaults filled in; secrets are left out of its text.

    Attributes:
        home: absolute folder with `config/` and `templates/`.
        state: absolute folder of database, mailbox, quarantine and Prefect home.
        database_url: SQLAlchemy URL.
        smtp_url: relay URL, or `mailbox:` for the built-in sink.
        base_url: public address of the web app, without a slash at its end.
        secret_keys: signing keys, newest last; () when there are none.
        pepper: the key of hashes, never rotated; "" when there is none.
        lang: "en" or "ja", for command output.
        prefect_api_url: a Prefect server to use, or None for our own.
        trusted_proxies: whose word on where a visitor comes from is believed.
        webhook_secrets: secrets and tokens of webhooks, by the names of their variables.
        graph_url: where Meta's answers are asked for, when not at Meta itself; "" else.
    """

    home: Path
    state: Path
    database_url: str = field(repr=False)
    smtp_url: str = field(default="mailbox:", repr=False)
    base_url: str = _DEFAULT_BASE_URL
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    pepper: str = field(default="", repr=False)
    lang: str = "en"
    prefect_api_url: str | None = field(default=None, repr=False)
    trusted_proxies: tuple[Network, ...] = ()
    webhook_secrets: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict, repr=False, hash=False
    )
    graph_url: str = ""

    def require_secrets(self) -> tuple[tuple[str, ...], str]:
        """Return the signing keys and the pepper.

        Raises:
            SecretsMissing: if either is missing; names `leadline init`.
        """
        if not self.secret_keys or not self.pepper:
            raise SecretsMissing(path=self.state / SECRETS_FILE, home=self.home)
        return self.secret_keys, self.pepper


def read_environment(env: Mapping[str, str], *, reads_secrets: bool = True) -> Environment:
    """Read the variables, and the file of secrets where the variables leave them out.

    Args:
        env: the variables; an empty one counts as unset.
        reads_secrets: whether the file of secrets is looked at.

    Raises:
        SecretsExposed: if others than the owner may read the file of secrets.
        ProxiesUnreadable: if LEADLINE_TRUSTED_PROXIES names what is no network.
        GraphElsewhere: if LEADLINE_META_GRAPH_URL names another computer than this one.
    """
    home = _folder(env.get("LEADLINE_HOME") or ".")
    state = _folder(env.get("LEADLINE_STATE") or home / ".leadline")
    kept = read_secrets_file(state) if reads_secrets else {}
    secrets = kept | {name: text for name in _SECRETS if (text := env.get(name, "").strip())}
    return Environment(
        home=home,
        state=state,
        database_url=_database_url(env.get("LEADLINE_DATABASE_URL") or "", state),
        smtp_url=env.get("LEADLINE_SMTP_URL") or "mailbox:",
        base_url=(env.get("LEADLINE_BASE_URL") or _DEFAULT_BASE_URL).rstrip("/"),
        secret_keys=_keys(secrets.get("LEADLINE_SECRET_KEYS", "")),
        pepper=secrets.get("LEADLINE_PEPPER", ""),
        lang=language_of(env),
        prefect_api_url=env.get("PREFECT_API_URL") or None,
        trusted_proxies=tuple(_networks(env.get("LEADLINE_TRUSTED_PROXIES") or "")),
        webhook_secrets=_webhook_secrets(kept | dict(env)),
        graph_url=_graph_url(env.get("LEADLINE_META_GRAPH_URL") or ""),
    )


def enter_home(variable: str = "LEADLINE_HOME") -> dict[str, str]:
    """Enter the project folder that the worker's own environment names.

    A Prefect pull step: a deployment that recorded the folder would record that of the machine
    from which it was deployed.

    Args:
        variable: name of the variable that holds the folder.

    Returns:
        The absolute folder as `directory`, as Prefect expects it.

    Raises:
        HomeUnset: if the variable is not set.
    """
    home = os.environ.get(variable)
    if not home:
        raise HomeUnset(variable=variable)
    os.chdir(home)
    return {"directory": str(Path.cwd())}


def _folder(path: str | Path) -> Path:
    return Path(path).expanduser().resolve()


def _database_url(url: str, state: Path) -> str:
    if not url:
        return f"sqlite:///{state / 'leadline.db'}"
    scheme, separator, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        return f"postgresql+psycopg{separator}{rest}"
    return url


def _keys(text: str) -> tuple[str, ...]:
    return tuple(key.strip() for key in text.split(",") if key.strip())


def _networks(text: str) -> Iterator[Network]:
    for word in filter(None, map(str.strip, text.split(","))):
        try:
            yield ip_network(word, strict=False)
        except ValueError:
            raise ProxiesUnreadable(word=word) from None


def webhook_variable(kind: WebhookSecret, source: str) -> str:
    """Return the name of the variable that holds a secret of one source's webhook."""
    name = re.sub(r"[^A-Z0-9]", "_", source.upper())
    return f"LEADLINE_WEBHOOK_{kind}_{name}"


def _webhook_secrets(named: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return every secret of a webhook; several with commas between them rotate."""
    kept = {
        name: _keys(text)
        for name, text in named.items()
        if name.startswith("LEADLINE_WEBHOOK_") or name == META_TOKEN
    }
    return {name: keys for name, keys in kept.items() if keys}


def _graph_url(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme != "http" or parts.hostname not in {"127.0.0.1", "::1", "localhost"}):
        raise GraphElsewhere
    return url.rstrip("/")


def read_secrets_file(state: Path) -> dict[str, str]:
    """Return the lines `KEY=value` of the file of secrets; {} when there is no file.

    Raises:
        SecretsExposed: if others than the owner may read it.
    """
    path = state / SECRETS_FILE
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SecretsExposed(path=path, mode=f"{mode:04o}")
            lines = [line.partition("=") for line in file if not line.startswith("#")]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {name.strip(): value.strip() for name, separator, value in lines if separator}


def language_of(env: Mapping[str, str]) -> str:
    """Return the language of command output, "en" or "ja", by LEADLINE_LANG or the locale."""
    chosen = env.get("LEADLINE_LANG") or next(
        (value for name in _LOCALE_VARIABLES if (value := env.get(name))), ""
    )
    return "ja" if chosen.casefold().startswith("ja") else "en"

"""Alerts in words: what happened, what it means and what to do, in English and Japanese."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final, NamedTuple

from leadline.domain.alerts import Kind
from leadline.rendering.words import clock_text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from leadline.domain.alerts import Alert
    from leadline.rendering.contexts import AlertMail, Step

Words = dict[str, str]
_LONGEST_MESSAGE: Final = 1000


class _Words(NamedTuple):
    """How one kind of alert is worded: with `{flow}`, and with the keys of its steps."""

    headline: Words
    explanation: Words
    steps: tuple[str, ...]


_STEPS: Final[dict[str, tuple[str, Words]]] = {
    "status": (
        "leadline status",
        {"en": "What waits, and since when", "ja": "待っている処理と、その開始時刻"},
    ),
    "rows": (
        "leadline status",
        {"en": "Which rows and mails need a person", "ja": "対応が必要な行とメール"},
    ),
    "check": (
        "leadline check",
        {"en": "Whether the configuration is sound", "ja": "設定に誤りがないか"},
    ),
    "doctor": (
        "leadline doctor",
        {
            "en": "Whether database, mail relay and Prefect answer",
            "ja": "データベース・メールサーバー・Prefect の状態",
        },
    ),
    "run": (
        "leadline run",
        {"en": "Do now whatever is due, without Prefect", "ja": "Prefect を使わずに今すぐ処理する"},
    ),
    "up": (
        "leadline up",
        {"en": "Start it again if it is not running", "ja": "停止している場合に起動する"},
    ),
}
_WORDS: Final[dict[Kind, _Words]] = {
    Kind.FAILED: _Words(
        {"en": "{flow} failed", "ja": "{flow} が失敗しました"},
        {
            "en": "The run could not do its work. Nothing is lost: what it left stays due, and the "
            "next run tries it again.",
            "ja": "処理を完了できませんでした。データは失われていません。残った分は次の実行で"
            "処理します。",
        },
        ("status", "doctor", "check"),
    ),
    Kind.CRASHED: _Words(
        {"en": "{flow} crashed", "ja": "{flow} が異常終了しました"},
        {
            "en": "The process of the run ended before its work was done: it was killed, or the "
            "computer ran out of memory or stopped. Nothing is lost: what it left stays due.",
            "ja": "実行中のプロセスが途中で終了しました (強制終了、メモリー不足、マシンの停止など)"
            "。データは失われていません。残った分は次の実行で処理します。",
        },
        ("status", "doctor"),
    ),
    Kind.TIMED_OUT: _Words(
        {"en": "{flow} ran out of time", "ja": "{flow} が制限時間を超えました"},
        {
            "en": "The run took longer than it may and was ended. What it had done is kept, the "
            "rest stays due.",
            "ja": "実行が制限時間を超えたため終了しました。済んだ分は保存済みで、残りは次の実行で"
            "処理します。",
        },
        ("status", "doctor"),
    ),
    Kind.ZOMBIE: _Words(
        {"en": "{flow} went silent", "ja": "{flow} の応答がなくなりました"},
        {
            "en": "The run gave no sign of life any more and was marked as Crashed. Most likely "
            "its computer was switched off or cut off. Nothing is lost: what it left stays due.",
            "ja": "実行から応答がなくなったため、Crashed としました。マシンの停止やネットワークの"
            "切断が考えられます。データは失われていません。残った分は次の実行で処理します。",
        },
        ("up", "status", "doctor"),
    ),
    Kind.ATTENTION: _Words(
        {"en": "{flow} needs a person", "ja": "{flow} で対応が必要です"},
        {
            "en": "The run did its work, but some rows or mails wait for somebody to look at them.",
            "ja": "処理は完了しましたが、確認が必要な行またはメールがあります。",
        },
        ("rows",),
    ),
    Kind.LATE: _Words(
        {"en": "{flow} is late", "ja": "{flow} の開始が遅れています"},
        {
            "en": "A run did not begin when it was due. Either nothing is there that starts runs, "
            "or it is busy with others. Once it begins, one run does everything that is due.",
            "ja": "予定の時刻に実行が始まりませんでした。実行するプロセスが停止しているか、他の実行"
            "で埋まっています。再開後は、1回の実行でたまった分をすべて処理します。",
        },
        ("up", "status", "doctor"),
    ),
    Kind.APPROVAL: _Words(
        {"en": "{flow} waits for a decision", "ja": "{flow} が承認を待っています"},
        {
            "en": "The run goes on once somebody decides: open it in Prefect, choose Resume "
            "in the menu at the top right, and answer.",
            "ja": "承認されるまで実行は止まっています。Prefect で実行を開き、右上のメニューの "
            "Resume から回答してください。",
        },
        ("status",),
    ),
    Kind.OVERDUE: _Words(
        {"en": "{flow} did not run", "ja": "{flow} が実行されていません"},
        {
            "en": "The schedule named a time at which nothing began the flow: neither Prefect nor "
            "leadline's own clock. Once one of them is back, one run does everything that is due.",
            "ja": "予定の時刻を過ぎても、Prefect からも leadline の内蔵スケジューラーからも開始され"
            "ていません。復旧後は、1回の実行でたまった分をすべて処理します。",
        },
        ("up", "doctor", "run"),
    ),
}


def alert_context(alert: Alert, *, zone: ZoneInfo, lang: str, held_count: int) -> AlertMail:
    """Return what the mail about one alert shows.

    Args:
        alert: what happened.
        zone: the company's.
        lang: of the mail.
        held_count: how many of its kind and flow were held back since the last mail.
    """
    words = _WORDS[alert.kind]
    in_zone = alert.at.astimezone(zone)
    is_utc = in_zone.utcoffset() == UTC.utcoffset(None) and in_zone.tzname() == "UTC"
    return {
        "kind": alert.kind.value,
        "flow": alert.flow,
        "headline": words.headline[lang].format(flow=alert.flow),
        "explanation": words.explanation[lang],
        "message": alert.message[:_LONGEST_MESSAGE],
        "state": alert.state,
        "state_now": alert.state_now,
        "when_text": clock_text(alert.at, zone=zone, lang=lang),
        "when_utc": "" if is_utc else f"{alert.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        "steps": [_step(name, lang) for name in words.steps],
        "held_count": held_count,
        "run_url": alert.run_url,
    }


def _step(name: str, lang: str) -> Step:
    command, does = _STEPS[name]
    return {"does": does[lang], "command": command}

"""What the commands about behavior events say, in English and Japanese; part of the catalog."""

from __future__ import annotations

from typing import Final

EVENTS: Final[dict[str, tuple[str, str]]] = {
    "refused.events_backfill": (
        (
            "--backfill and --yes are for leads: events create none. Leave them out with "
            "--kind events."
        ),
        (
            "--backfill と --yes はリードの取込用です。行動履歴はリードを作成しないため、"
            "--kind events では指定できません。"
        ),
    ),
    "refused.outcomes_unknown": (
        "Outcomes cannot be imported yet; --kind takes leads or events.",
        "結果の取込にはまだ対応していません。--kind は leads か events です。",
    ),
    "events.reading": ("Reading events", "行動履歴を読み取り中"),
    "events.would": (
        "  would store {created} event(s); {unchanged} are stored already",
        "  新たに {created} 件を保存します({unchanged} 件は保存済み)",
    ),
    "events.waiting": (
        "  {count} of them belong to nobody known, and wait for that lead to arrive",
        "  うち {count} 件は該当リードがなく、リードの到着を待ちます",
    ),
    "events.unknown": (
        (
            "  {count} event(s) have names that nobody declared: {names}. They are stored. To use "
            "one in rules, name it under `events` in settings.yaml."
        ),
        (
            "  宣言されていないイベント名が {count} 件あります: {names}。保存はしています。"
            "ルールで使うには settings.yaml の `events` に名前を追加してください。"
        ),
    ),
    "events.next": (
        "Next: `leadline run scoring` tells people from programs, and scores the leads.",
        "次に: `leadline run scoring` で人と機械を判別し、リードをスコアリングします。",
    ),
    "events.undo": (
        "`leadline import --undo {run}` takes {file} back.",
        "`leadline import --undo {run}` で {file} の取込を取り消せます。",
    ),
    "undo.events_removed": ("  {count} event(s) removed", "  行動履歴 {count} 件を削除"),
    "events.kind": ("event", "イベント"),
    "events.human": ("people", "人"),
    "events.suspected_bot": ("programs", "機械の疑い"),
    "events.unknown_actor": ("unknown", "不明"),
    "events.why": ("why", "理由"),
    "events.actor": ("who", "判定"),
    "events.count": ("events", "件数"),
    "events.at": ("at", "日時"),
    "events.url": ("link or campaign", "リンク・施策"),
    "events.classified": (
        "{file}: {count} event(s), {bots} of them held for a program's",
        "{file}: 行動履歴 {count} 件、うち {bots} 件は機械の疑い",
    ),
    "events.waits": ("not judged yet", "判定待ち"),
    "events.none": ("No events are known of this lead.", "このリードの行動履歴はありません。"),
}

"""What `leadline explain` and `leadline status` say about scores and events; of the catalog."""

from __future__ import annotations

from typing import Final

RECEIPTS: Final[dict[str, tuple[str, str]]] = {
    "refused.unknown_model": (
        "The lead has no score of a model `{word}`.{near} It has: {known}.",
        "このリードに `{word}` というスコアモデルのスコアはありません。{near}あるもの: {known}",
    ),
    "refused.not_of_a_score": (
        "{option} is about scores: `leadline explain LEAD scoring {option} ...`.",
        "{option} はスコアの説明用です: `leadline explain LEAD scoring {option} ...`",
    ),
    "refused.as_of_to_come": (
        "{word} is yet to come: a receipt says what a score was, and is now.",
        "{word} は未来の日時です。表示できるのは、過去または現在のスコアの明細です。",
    ),
    "explain.score": (
        (
            "Score {points} points ({fit_points} fit, {engagement_points} engagement), "
            "grade {grade}, as of {as_of}"
        ),
        (
            "スコア {points} 点 (適合点 {fit_points}、関心点 {engagement_points})、"
            "グレード {grade}、{as_of} 時点"
        ),
    ),
    "explain.no_score": (
        "No score yet: `leadline run scoring` gives one.",
        "まだスコアがありません。`leadline run scoring` を実行してください。",
    ),
    "explain.no_score_then": (
        "No score is known of that time.",
        "その時点のスコアの記録はありません。",
    ),
    "explain.event": ("  {at}  {then}", "  {at}  {then}点"),
    "explain.event_decayed": (
        "  {at}  {then} x {decay} = {now} (half left after {life})",
        "  {at}  {then}点 x {decay} = {now}点 (半減期 {life})",
    ),
    "explain.earlier": (
        "  {count} earlier: {points}",
        "  それ以前の {count} 件: {points}点",
    ),
    "explain.events_rounding": ("  rounding: {points}", "  端数処理: {points}点"),
    "explain.ignored": (
        "Not counted: {bots} event(s) that look like a program's, {unknown} not judged yet.",
        "加点の対象外: 自動アクセスの疑い {bots} 件、判定前 {unknown} 件",
    ),
    "explain.review_due": (
        (
            "Counts such as clicks_30d stand as of the last scoring: `leadline run scoring` "
            "counts anew."
        ),
        "clicks_30d などの件数は前回の採点時点の値です。`leadline run scoring` で更新されます。",
    ),
    "explain.not_routed": ("No rep: {reason}", "担当なし: {reason}"),
    "explain.model": ("model", "モデル"),
    "explain.fit": ("fit", "適合点"),
    "explain.engagement": ("engagement", "関心点"),
    "explain.history": ("How the score came to be, the newest first:", "スコアの推移 (新しい順):"),
    "explain.history.at": ("when", "日時"),
    "explain.history.cause": ("why", "理由"),
    "explain.history.points": ("points", "点"),
    "explain.history.difference": ("change", "増減"),
    "explain.history.grade": ("grade", "グレード"),
    "explain.history.rules": ("rules", "ルール"),
    "explain.stage": (
        "Lifecycle stage {from} -> {to} at {at}: {when} ({points} points)",
        "ライフサイクルステージ {from} → {to} ({at}): {when} ({points} 点)",
    ),
    "status.not_ready": ("leads not yet ready for a rep", "営業への引き渡し前のリード"),
    "status.not_ready.fix": (
        "lists them; hand_over in config/scoring.yaml decides",
        "一覧を表示 (条件は config/scoring.yaml の hand_over)",
    ),
    "status.events_waiting": (
        "events of unknown addresses",
        "リード未登録のアドレスのイベント",
    ),
    "status.events_waiting.fix": (
        "joined by themselves once the person is a lead",
        "該当するリードが登録されると自動的に結び付く",
    ),
    "cause.new": ("first score", "初回"),
    "cause.changed": ("the lead changed", "リード情報の変更"),
    "cause.events": ("new events", "新しいイベント"),
    "cause.window": ("time passed", "期間の経過"),
    "cause.decay": ("time passed", "時間の経過による減衰"),
    "cause.rules": ("other rules", "ルールの変更"),
    "cause.removed": ("model no longer used", "モデルの使用終了"),
    "cause.reclassified": ("events judged anew", "イベントの再判定"),
}

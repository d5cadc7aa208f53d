"""What `leadline simulate` says, and its help; parts of the catalogs."""

from __future__ import annotations

from typing import Final

SIMULATE: Final[dict[str, tuple[str, str]]] = {
    "simulate.running": ("Scoring a copy", "複製データで採点中"),
    "simulate.compared": (
        "{leads} lead(s) scored with the live rules ({before}) and with the edited ones ({after}).",
        "リード {leads} 件を、現行ルール ({before}) と変更後のルール ({after}) で採点しました。",
    ),
    "simulate.same_config": (
        "Both are the same configuration: name the folder with your edit as --config DIR.",
        "両者は同じ設定です。編集した設定のフォルダを --config DIR で指定してください。",
    ),
    "simulate.changed": ("{changed} lead(s) would change.", "{changed} 件の評価が変わります。"),
    "simulate.none": ("No lead would change.", "評価が変わるリードはありません。"),
    "simulate.hand_over": (
        "Go to a rep: {before} now, {after} then ({more} more, {fewer} fewer).",
        "営業への引き渡し: 現行 {before} 件、変更後 {after} 件 (増加 {more}、減少 {fewer})。",
    ),
    "simulate.nothing_written": (
        (
            "Nothing was changed. To put the edit into use, copy its files into the project's "
            "config folder; the next run scores every lead with it."
        ),
        (
            "実際のデータは変更していません。適用するには、編集したファイルをプロジェクトの config "
            "フォルダにコピーしてください。次回の実行で、全リードを新しいルールで採点します。"
        ),
    ),
    "simulate.events_waiting": (
        (
            "{count} event(s) wait to be judged and are not counted here: run "
            "`leadline run scoring` first."
        ),
        (
            "判定待ちの行動 {count} 件は、この結果に含まれていません。先に "
            "`leadline run scoring` を実行してください。"
        ),
    ),
    "simulate.grades": ("grade from", "グレード (現行)"),
    "simulate.stages": ("stage from", "ステージ (現行)"),
    "simulate.to": ("to", "変更後"),
    "simulate.leads": ("leads", "件数"),
    "simulate.model": ("model", "モデル"),
    "simulate.rule": ("rule", "ルール"),
    "simulate.edit": ("edit", "変更"),
    "simulate.before": ("matched now", "該当 (現行)"),
    "simulate.after": ("matched then", "該当 (変更後)"),
    "simulate.changed_rule": ("changed", "変更"),
    "simulate.new_rule": ("new", "追加"),
    "simulate.removed_rule": ("removed", "削除"),
    "simulate.same_rule": ("", ""),
    "simulate.lead": ("id", "ID"),
    "simulate.points": ("score", "スコア"),
    "simulate.grade": ("grade", "グレード"),
    "simulate.stage": ("lifecycle stage", "ステージ"),
    "simulate.rep": ("goes to a rep", "営業へ引き渡し"),
    "simulate.yes": ("yes", "する"),
    "simulate.no": ("no", "しない"),
    "simulate.more": (
        "and {count} more; --json lists all, --limit N the first N",
        "ほか {count} 件 (--json で全件、--limit N で先頭 N 件を表示)",
    ),
}

SIMULATE_COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "simulate": (
        "Shows what an edited configuration would change, before it is live.",
        "設定の変更による影響を、適用前に確認します。",
    ),
    "simulate scoring": (
        (
            "Shows which leads another scoring.yaml would change, lead by lead.\n\n"
            "Copies the leads, scores the copy with the live rules and with the edited ones at "
            "the same instant, and compares: points, grade, lifecycle stage, hand-over to "
            "reps. Nothing is written or sent. Exit code 2: some lead would change."
        ),
        (
            "scoring.yaml の変更で評価が変わるリードを、1 件ずつ表示します。\n\n"
            "リードを複製し、同じ時点で現行と変更後のルールで採点して、スコア・グレード・"
            "ライフサイクルステージ・営業への引き渡しを比較します。データの変更や送信はありません。"
            "終了コード 2: 変わるリードあり。"
        ),
    ),
}

SIMULATE_PARAMETERS: Final[dict[str, tuple[str, str]]] = {
    "simulate scoring.config": (
        (
            "the edited configuration: a copy of the project or of its config folder, or a "
            "folder with scoring.yaml or segments.yaml alone; else the project folder"
        ),
        (
            "変更後の設定: プロジェクトか config フォルダのコピー、または scoring.yaml・"
            "segments.yaml だけのフォルダ(省略時はプロジェクトフォルダ)"
        ),
    ),
    "simulate scoring.since": (
        "only leads that arrived, changed or did something within, such as 30d; otherwise all",
        "期間内に受付・変更・行動のあったリードだけ(例: 30d。省略時はすべて)",
    ),
    "simulate scoring.now": (
        "the instant to score at, with its offset",
        "採点する時点(時差つきの ISO 8601)",
    ),
    "simulate scoring.limit": (
        "how many changed leads to list; otherwise 20, and all with --json",
        "一覧に表示する件数(省略時は 20 件、--json では全件)",
    ),
}

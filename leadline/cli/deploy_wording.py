"""What `leadline deploy` says, in English and Japanese; part of the catalog of `wording`."""

from __future__ import annotations

from typing import Final

DEPLOY: Final[dict[str, tuple[str, str]]] = {
    "deploy.asking": ("Comparing with Prefect ...", "Prefect の現在の状態と比較しています …"),
    "deploy.change": ("change", "変更"),
    "deploy.name": ("name", "名前"),
    "deploy.what": ("what", "内容"),
    "deploy.kind.work_pool": ("work pool", "ワークプール"),
    "deploy.kind.deployment": ("deployment", "デプロイメント"),
    "deploy.kind.schedule": ("schedule", "スケジュール"),
    "deploy.kind.concurrency_limit": ("concurrency limit", "同時実行の上限"),
    "deploy.kind.automation": ("automation", "オートメーション"),
    "deploy.nothing": (
        "Nothing to change: Prefect ({server}) has what the project says.",
        "変更はありません。Prefect ({server}) はプロジェクトの設定どおりです。",
    ),
    "deploy.nothing_left": (
        "Nothing to delete: Prefect ({server}) has nothing of leadline.",
        "削除するものはありません。Prefect ({server}) に leadline のものは残っていません。",
    ),
    "deploy.would": (
        (
            "{count} change(s) to make on {server}; nothing was changed. Without --dry-run they "
            "are made."
        ),
        (
            "{server} に {count} 件の変更があります (まだ何も変更していません)。"
            "--dry-run を外すと反映します。"
        ),
    ),
    "deploy.done": (
        "{count} change(s) made on {server}.",
        "{server} に {count} 件の変更を反映しました。",
    ),
    "deploy.paused": (
        "{name} was paused in Prefect and stays so; resume it there.",
        (
            "{name} は Prefect で一時停止されているため、そのままです。"
            "再開は Prefect で行ってください。"
        ),
    ),
    "deploy.served": (
        "`leadline up` runs the flows; if it is running, it follows from now on.",
        "フローは `leadline up` が実行します。起動中であれば、再起動なしで反映されます。",
    ),
    "deploy.workers": (
        (
            "Workers run the flows, where leadline is installed, LEADLINE_HOME is set and "
            "PREFECT_API_URL is {server}: `prefect worker start --pool {pool}`."
        ),
        (
            "フローはワーカーが実行します。leadline をインストールし、LEADLINE_HOME と "
            "PREFECT_API_URL={server} を設定した環境で起動してください: "
            "`prefect worker start --pool {pool}`"
        ),
    ),
    "deploy.look": ("Look at it: {url}", "確認: {url}"),
}

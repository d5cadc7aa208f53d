"""What `leadline forget` and `leadline export-person` say; part of the catalog."""

from __future__ import annotations

from typing import Final

PERSON: Final[dict[str, tuple[str, str]]] = {
    "refused.no_address": (
        (
            "That is not a single mail address. Write it as name@company.example, or - to read it "
            "from standard input. Nothing was done."
        ),
        (
            "メールアドレスとして読み取れません。name@company.example の形で1件指定してください"
            "(- なら標準入力から読み取ります)。何も実行していません。"
        ),
    ),
    "refused.forget_unasked": (
        "Nothing was erased. Repeat the command with --yes to do it; it cannot be taken back.",
        (
            "消去していません。実行するには --yes を付けて再度実行してください"
            "(消去は取り消せません)。"
        ),
    ),
    "forget.plan": ("An erasure would take away:", "消去の対象:"),
    "forget.plan_nothing": (
        "Nothing is held of this address. An erasure would keep it from coming back by import.",
        "このアドレスの情報はありません。消去を実行すると、今後の取り込みを防ぎます。",
    ),
    "forget.done": (
        "Erased. Only a keyed hash of the address stays, so that no import brings it back:",
        "消去しました。再取り込みを防ぐため、アドレスの鍵付きハッシュだけを残しています。内訳:",
    ),
    "forget.done_nothing": (
        (
            "Nothing is held of this address any more. A keyed hash of it stays, so that no import "
            "brings it back."
        ),
        (
            "このアドレスの情報は残っていません。再取り込みを防ぐため、鍵付きハッシュだけを"
            "保存しています。"
        ),
    ),
    "forget.leads": ("  {count} lead(s)", "  リード {count} 件"),
    "forget.submissions": (
        "  {count} arrival(s): form posts, webhooks, rows of files",
        "  受付データ {count} 件(フォーム・Webhook・ファイルの行)",
    ),
    "forget.messages": (
        "  {count} mail(s) to or about the person",
        "  本人宛て、または本人に関するメール {count} 通",
    ),
    "forget.mentions": (
        "  {count} row(s) of others that mentioned the address: they stay, without it",
        "  他の方の情報のうち、このアドレスの記載 {count} 件(記載だけを消し、情報は残します)",
    ),
    "forget.mailbox": (
        "  {count} message(s) in the built-in mailbox",
        "  組み込みメールボックスのメッセージ {count} 通",
    ),
    "forget.quarantine": (
        "  {count} row(s) in quarantine files",
        "  隔離ファイルの {count} 行",
    ),
    "forget.files": (
        (
            "{count} file(s) of yours name the address, or cannot be looked into. They are yours "
            "to change or delete:"
        ),
        (
            "次の {count} ファイルにアドレスの記載があるか、内容を確認できません。"
            "お手元で修正または削除してください:"
        ),
    ),
    "forget.file": ("  {file}", "  {file}"),
    "forget.more": (
        "  ... and {count} more (--json lists all)",
        "  … 他 {count} 件(--json で全件)",
    ),
    "forget.in_flight": (
        (
            "{count} mail(s) were just being sent and could not be stopped. Run the same command "
            "again in a minute."
        ),
        "送信中のため止められなかったメールが {count} 通あります。1分後に再度実行してください。",
    ),
    "forget.not_compacted": (
        (
            "The database's file still holds freed space, because another process uses it. Stop "
            "leadline's other processes, or wait until they are idle, and run the same command "
            "again."
        ),
        (
            "他のプロセスが使用中のため、データベースファイルの空き領域を消去できませんでした。"
            "leadline の他のプロセスを止めるか、処理が終わるのを待って、再度実行してください。"
        ),
    ),
    "forget.ask": (
        "Erase all of this? It cannot be taken back. [y/N] ",
        "すべて消去しますか? 取り消しはできません。 [y/N] ",
    ),
    "person.nothing": (
        "Nothing is held of this address.",
        "このアドレスの情報はありません。",
    ),
    "person.banned": (
        "The address is on the suppression list ({cause}, {scope}).",
        "配信停止リストに載っています ({cause}、{scope})。",
    ),
    "person.not_banned": (
        "The address is not on the suppression list.",
        "配信停止リストには載っていません。",
    ),
    "person.written": (
        "{leads} lead(s), {submissions} arrival(s) and {messages} mail(s) were written to {file}.",
        (
            "リード {leads} 件、受付データ {submissions} 件、メール {messages} 通を {file} に"
            "書き出しました。"
        ),
    ),
    "ending.erased": ("erased at the person's request", "本人の求めにより消去"),
}

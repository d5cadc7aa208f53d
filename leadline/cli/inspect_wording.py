"""What `leadline files inspect` says, in English and Japanese; part of the catalog."""

from __future__ import annotations

from typing import Final

INSPECT: Final[dict[str, tuple[str, str]]] = {
    "inspect.reading": ("Reading", "読み取り中"),
    "inspect.text": (
        "{file}: text with {sign} between the cells, encoding {encoding}, line ends {line_end}",
        "{file}: {sign}区切りのテキスト、文字コード {encoding}、改行 {line_end}",
    ),
    "inspect.workbook": (
        "{file}: Excel workbook, sheet `{sheet}`",
        "{file}: Excelブック、シート「{sheet}」",
    ),
    "inspect.sheets_not_read": (
        "  not read, though they hold mail addresses too: {sheets}; save each as a file of its own",
        (
            "  メールアドレスの列があるのに読み取らなかったシート: {sheets}"
            " (それぞれ別のファイルに保存してください)"
        ),
    ),
    "inspect.guess": (
        (
            "  The encoding is a last resort: any bytes read as {encoding}. Look at accented "
            "letters, and save the file as UTF-8 if they are wrong."
        ),
        (
            "  文字コードは確証がなく {encoding} とみなしました。文字化けがあれば UTF-8 で"
            "保存し直してください。"
        ),
    ),
    "inspect.header": (
        "  line {line} names the {count} columns: {columns}",
        "  見出しは {line} 行目、{count} 列: {columns}",
    ),
    "inspect.no_header": (
        (
            "  no line names the {count} columns; an import needs one, such as "
            "Email,First Name,Last Name,Company"
        ),
        (
            "  見出しの行がありません ({count} 列)。取り込むには"
            "「メールアドレス,氏名,会社名」のような見出しが必要です。"
        ),
    ),
    "inspect.counts": (
        "  {records} record(s), {accepted} of them can be read",
        "  {records} 件中 {accepted} 件を読み取れます",
    ),
    "inspect.rejects": (
        "  {count} record(s) cannot be read:",
        "  読み取れないもの {count} 件:",
    ),
    "reject.unchanged": (
        "{words}; the row was not changed: mend it",
        "{words}。変更されていない行です。修正してください",
    ),
    "inspect.out": (
        "  {count} record(s) written to {path} as CSV (UTF-8, commas)",
        "  {count} 件を {path} に書き出しました (CSV、UTF-8、カンマ区切り)",
    ),
}

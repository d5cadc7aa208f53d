"""What can be wrong with a file as a whole; each error says what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from leadline.errors import IntakeError

if TYPE_CHECKING:
    from collections.abc import Mapping


class FileMissing(IntakeError):
    """There is no such file."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is not there. Check the name and the folder, then run the command again.",
        "ja": "{file} が見つかりません。ファイル名とフォルダを確認して、もう一度実行してください。",
    }


class FileIsFolder(IntakeError):
    """The path names a folder."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is a folder. Name the files in it, for example {file}/leads.csv.",
        "ja": "{file} はフォルダです。{file}/leads.csv のように、中のファイルを指定してください。",
    }


class FileUnreadable(IntakeError):
    """The system does not let us read the file."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} cannot be read ({why}). Close it in other programs and check that you may "
        "read it.",
        "ja": "{file} を読み込めません ({why})。ほかのプログラムで開いていれば閉じ、"
        "読み取り権限を確認してください。",
    }


class FileEmpty(IntakeError):
    """The file holds nothing."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is empty. Export it again; the first line must name the columns.",
        "ja": "{file} は空です。もう一度書き出してください。1行目には列名が必要です。",
    }


class FileBinary(IntakeError):
    """The file is no text."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is neither a text file nor an Excel workbook (.xlsx). Save the table as CSV "
        "(UTF-8) or .xlsx and use that file.",
        "ja": "{file} はテキストファイルでも Excel ブック (.xlsx) でもありません。「CSV UTF-8」"
        "または .xlsx 形式で保存し、そのファイルを指定してください。",
    }


class FileIsArchive(IntakeError):
    """The file is an archive with tables in it."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is a ZIP archive. Unpack it first, then name the table file in it, such as "
        "{inner}.",
        "ja": "{file} は ZIP ファイルです。先に展開し、中の表のファイル ({inner} など) を指定して"
        "ください。",
    }


class FileIsNumbers(IntakeError):
    """The file is a spreadsheet of Apple Numbers."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is a spreadsheet of Apple Numbers. Open it in Numbers, choose File > Export "
        "To > CSV, and use that file.",
        "ja": "{file} は Apple Numbers の書類です。Numbers で開き、「ファイル」>「書き出す」>"
        "「CSV」で書き出して、そのファイルを指定してください。",
    }


class FileIsHtml(IntakeError):
    """The file is a web page, whatever its name says."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is a web page (HTML) and no table file, as some systems name .xls what they "
        "export. Open it in Excel, save it as .xlsx or CSV (UTF-8), and use that file.",
        "ja": "{file} の中身は表ではなく Web ページ (HTML) です (.xls という名前で出力する"
        "システムがあります)。Excel で開き、.xlsx または「CSV UTF-8」形式で保存し直してください。",
    }


class FilePassword(IntakeError):
    """The workbook is protected with a password."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is protected with a password. Open it in Excel, remove the password "
        "(File > Info > Protect Workbook), save it, and use that file.",
        "ja": "{file} はパスワードで保護されています。Excel で開き、「ファイル」>「情報」>"
        "「ブックの保護」でパスワードを解除して保存し、そのファイルを指定してください。",
    }


class OldWorkbook(IntakeError):
    """A workbook in a form that is not read."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is a workbook in an older or other form (.xls, .xlsb, .ods). Open it, save "
        "it as .xlsx or CSV (UTF-8), and use that file.",
        "ja": "{file} は .xls・.xlsb・.ods などの形式のブックです。開いて .xlsx または"
        "「CSV UTF-8」形式で保存し、そのファイルを指定してください。",
    }


class WorkbookDamaged(IntakeError):
    """The workbook cannot be taken apart."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} is damaged or not quite a workbook. Open it in Excel, let Excel repair it, "
        "save it as .xlsx or CSV (UTF-8), and use that file.",
        "ja": "{file} は壊れているか、正しいブックではありません。Excel で開いて修復し、.xlsx "
        "または「CSV UTF-8」形式で保存し直してください。",
    }


class WorkbookTooLarge(IntakeError):
    """The workbook unpacks to more than is read."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} unpacks to {size} MB, more than the {most} MB that are read. Save the sheet "
        "as CSV (UTF-8), which may be as large as you like, and use that file.",
        "ja": "{file} は展開すると {size} MB になり、上限の {most} MB を超えます。シートを"
        "「CSV UTF-8」形式で保存し、そのファイルを指定してください (CSV に上限はありません)。",
    }


class SheetMissing(IntakeError):
    """The workbook has no such sheet, or none with a table."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} has no sheet named {sheet}. It has: {sheets}.",
        "ja": "{file} に「{sheet}」というシートはありません。あるのは次のシートです: {sheets}。",
    }


class EncodingUnknown(IntakeError):
    """A character encoding was asked for that is not read."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file}: the encoding {encoding} is not read. Use one of: {choices}.",
        "ja": "{file}: 文字コード {encoding} には対応していません。次のいずれかを指定してください: "
        "{choices}。",
    }


class HeaderMissing(IntakeError):
    """No line of the file names the columns."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file} has no line that names the columns. Put one above the data, for example "
        "Email,First Name,Last Name,Company.",
        "ja": "{file} に列名の行がありません。データの上に「メールアドレス,氏名,会社名」のような"
        "見出しの行を入れてください。",
    }


class HeaderLineMissing(IntakeError):
    """The line that is said to name the columns is not in the file."""

    texts: ClassVar[Mapping[str, str]] = {
        "en": "{file}: no row begins on line {line}, which `header_line` in the configuration of "
        "its source says names the columns; the last row begins on line {last}. Correct "
        "header_line, or remove it: the line is then found by itself.",
        "ja": "{file} には {line} 行目から始まる行がありません (取込元の設定の `header_line` で"
        "見出しに指定されています)。最後の行は {last} 行目です。header_line を直すか、"
        "削除して自動判別にしてください。",
    }


class NoAddressColumn(IntakeError):
    """No column of the file can be the mail address."""

    texts: ClassVar = {
        "en": "{file} has no column with mail addresses. Its header (line {line}) reads: {header}. "
        "Nothing was taken in. Name the column in {mapping}: columns: {{<header>: email}}",
        "ja": "{file} にメールアドレスの列が見つかりません。見出し({line}行目): {header}。"
        "何も取り込んでいません。{mapping} の columns: に {{<見出し>: email}} を指定してください。",
    }
    _unshown: ClassVar = {
        "en": "{file} has no column with mail addresses; line {line} was read as its header. "
        "Nothing was taken in. Name the column in {mapping}: columns: {{<header>: email}}",
        "ja": "{file} にメールアドレスの列が見つかりません({line}行目を見出しとして読みました)。"
        "何も取り込んでいません。{mapping} の columns: に {{<見出し>: email}} を指定してください。",
    }

    def say(self, lang: str) -> str:
        """Return the message in `lang`; without a header where that may not be shown."""
        texts = self.texts if self.details["header"] else self._unshown
        return str(texts[lang].format(**self.details))


class NoEventColumns(NoAddressColumn):
    """The columns of a file do not tell who did what, and when."""

    texts: ClassVar = {
        "en": "{file} has no columns that tell who did what and when: `event`, `occurred_at`, and "
        "`email`, `external_id` or `anonymous_id`. Its header (line {line}) reads: {header}. "
        "Nothing was taken in. Name the columns in {mapping}: events: {{columns: {{<header>: "
        "event}}}}",
        "ja": "{file} に行動履歴の列が足りません。`event`、`occurred_at` と、`email`・"
        "`external_id`・`anonymous_id` のいずれかが必要です。見出し({line}行目): {header}。何も"
        "取り込んでいません。{mapping} の events: に columns: {{<見出し>: event}} の形で指定して"
        "ください。",
    }
    _unshown: ClassVar = {
        "en": "{file} has no columns that tell who did what and when: `event`, `occurred_at`, and "
        "`email`, `external_id` or `anonymous_id`; line {line} was read as its header. Nothing "
        "was taken in. Name the columns in {mapping}: events: {{columns: {{<header>: event}}}}",
        "ja": "{file} に行動履歴の列が足りません({line}行目を見出しとして読みました)。`event`、"
        "`occurred_at` と、`email`・`external_id`・`anonymous_id` のいずれかが必要です。何も"
        "取り込んでいません。{mapping} の events: に columns: {{<見出し>: event}} の形で指定して"
        "ください。",
    }

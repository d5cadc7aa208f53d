"""Why something was not done, on purpose: shown to people, counted by reason, never raised."""

from __future__ import annotations

from enum import StrEnum


class SkipReason(StrEnum):
    """A refusal that was expected; the value is what is stored and counted."""

    ADDRESS_CAP = "address_cap"
    BASIS_NOT_ACCEPTED = "basis_not_accepted"
    BUNDLED = "bundled"
    CONSENT_EXPIRED = "consent_expired"
    CONSENTED_ALREADY = "consented_already"
    ERASED = "erased"
    EXITED = "exited"
    EXPIRED = "expired"
    NO_CONSENT = "no_consent"
    NO_PUBLIC_URL = "no_public_url"
    NO_SEQUENCE = "no_sequence"
    OUTSIDE_WINDOW = "outside_window"
    OVER_CAP = "over_cap"
    OVER_CAPACITY = "over_capacity"
    NO_TERRITORY = "no_territory"
    NO_REP = "no_rep"
    NOT_READY = "not_ready"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    SUPPRESSED = "suppressed"
    SUSPICIOUS = "suspicious"
    TEMPLATE_ERROR = "template_error"
    ALREADY_ENROLLED = "already_enrolled"
    TOLD_ALREADY = "told_already"
    NO_ADMIN_ADDRESS = "no_admin_address"
    STILL_WAITING = "still_waiting"
    NOT_DUE = "not_due"
    DONE_BEFORE = "done_before"
    IN_PROGRESS = "in_progress"
    TOO_LATE = "too_late"


WORDS: dict[SkipReason, dict[str, str]] = {
    SkipReason.NOT_READY: {
        "en": "not yet ready for a rep: the hand-over condition of scoring.yaml is not met",
        "ja": "営業への引き渡し条件 (scoring.yaml の hand_over) をまだ満たしていない",
    },
    SkipReason.ADDRESS_CAP: {
        "en": "three mails have answered forms to this address within a day",
        "ja": "同じ宛先への自動返信が1日の上限 (3通) に達したため",
    },
    SkipReason.CONSENTED_ALREADY: {
        "en": "may be sent marketing mail already; there is nothing to confirm",
        "ja": "すでに配信の同意があり、確認は不要",
    },
    SkipReason.SUSPICIOUS: {
        "en": "the form post was suspicious; such a post is never answered by mail",
        "ja": "不審な送信と判定されたフォームには自動返信しない",
    },
    SkipReason.BASIS_NOT_ACCEPTED: {
        "en": "the basis of the consent does not count in the lead's country",
        "ja": "同意の根拠がリードの国では認められない",
    },
    SkipReason.CONSENT_EXPIRED: {
        "en": "the consent lasted for a limited time, and that is over",
        "ja": "期限のある同意で、すでに期限切れ",
    },
    SkipReason.REFUSED: {
        "en": "the person has refused marketing mail",
        "ja": "本人が配信を拒否している",
    },
    SkipReason.BUNDLED: {
        "en": "told in one mail together with other leads",
        "ja": "他のリードとまとめて1通で通知",
    },
    SkipReason.ERASED: {
        "en": "the person's data was erased at their request",
        "ja": "本人の求めにより個人データを消去済み",
    },
    SkipReason.EXITED: {
        "en": "the lead left the sequence before the mail was due",
        "ja": "送信前にシナリオから離脱",
    },
    SkipReason.EXPIRED: {
        "en": "too late to be of use (later than max_lateness)",
        "ja": "予定から遅れすぎたため送信しない (max_lateness 超過)",
    },
    SkipReason.NO_CONSENT: {"en": "no consent to marketing mail", "ja": "配信の同意なし"},
    SkipReason.NO_PUBLIC_URL: {
        "en": "the base URL is on loopback, so the links in the mail would not work",
        "ja": "公開URLが未設定で、メール内のリンクが機能しないため",
    },
    SkipReason.NO_SEQUENCE: {
        "en": "no sequence's entry condition matches",
        "ja": "登録条件に合うシナリオがない",
    },
    SkipReason.OUTSIDE_WINDOW: {
        "en": "outside the sending window; moved to its next opening",
        "ja": "送信時間帯の外のため、次の時間帯に延期",
    },
    SkipReason.OVER_CAP: {
        "en": "frequency cap reached; moved to a later day",
        "ja": "配信頻度の上限に達したため、後日に延期",
    },
    SkipReason.OVER_CAPACITY: {
        "en": "every eligible rep is at weekly capacity; waits in the queue",
        "ja": "対応可能な担当が全員上限のため、キューで待機",
    },
    SkipReason.NO_TERRITORY: {
        "en": "no territory matches; waits in the queue",
        "ja": "該当するテリトリーがないため、キューで待機",
    },
    SkipReason.NO_REP: {
        "en": "the territory has no active rep; waits in the queue",
        "ja": "テリトリーに有効な担当がいないため、キューで待機",
    },
    SkipReason.SUPERSEDED: {
        "en": "the assignment changed before the mail was written",
        "ja": "通知前に担当が変わった",
    },
    SkipReason.SUPPRESSED: {
        "en": "the address is on the suppression list",
        "ja": "配信停止リストに載っている",
    },
    SkipReason.TEMPLATE_ERROR: {
        "en": "held: the template could not be rendered for this lead",
        "ja": "保留: このリードではテンプレートを描画できない",
    },
    SkipReason.ALREADY_ENROLLED: {
        "en": "is in this sequence already",
        "ja": "すでにこのシナリオに登録済み",
    },
    SkipReason.TOLD_ALREADY: {
        "en": "a mail about this flow went to the admin less than an hour ago",
        "ja": "このフローについて1時間以内に管理者へ通知済み",
    },
    SkipReason.NO_ADMIN_ADDRESS: {
        "en": "config/settings.yaml names no mail.admin_address",
        "ja": "config/settings.yaml に mail.admin_address がない",
    },
    SkipReason.STILL_WAITING: {
        "en": "the run is not dead, it waits for a decision, and does so again",
        "ja": "停止ではなく承認待ちの実行だったため、承認待ちに戻した",
    },
    SkipReason.NOT_DUE: {
        "en": "the schedule names no such time",
        "ja": "スケジュール上の実行時刻ではない",
    },
    SkipReason.DONE_BEFORE: {
        "en": "another run has done what was due",
        "ja": "別の実行が処理済み",
    },
    SkipReason.IN_PROGRESS: {
        "en": "another run of this flow is at it",
        "ja": "同じフローの別の実行が処理中",
    },
    SkipReason.TOO_LATE: {
        "en": "too late to be made up (catch_up of the schedule)",
        "ja": "遅れが許容時間を超えたため実行しない (スケジュールの catch_up)",
    },
}

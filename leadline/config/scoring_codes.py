"""Codes of configuration faults that concern scoring and segments."""

from __future__ import annotations

from typing import Final

from leadline.config.fault_code import Code

SCORING_CODES: Final[dict[str, Code]] = {
    "bounds_order": Code(
        "`at_least` must be less than `at_most`",
        "`at_least` は `at_most` より小さくしてください",
        "The points of a group are kept between the two.",
        "グループの点数は、この下限と上限の間に収められます。",
    ),
    "no_refresh": Code(
        "`refresh_scores` is not scheduled: points that decay stay as they are until a lead does "
        "something",
        "`refresh_scores` のスケジュールがないため、次の行動があるまで減衰が反映されません",
        "scoring.yaml has events with a half-life. Write `refresh_scores: daily 02:30` into "
        "schedules.yaml.",
        "scoring.yaml に半減期のあるイベントがあります。schedules.yaml に "
        "`refresh_scores: daily 02:30` と書いてください。",
    ),
    "levels_order": Code(
        "the thresholds must fall: first above second, second above third",
        "しきい値は first > second > third の順にしてください",
        "A level is the best threshold that the engagement points reach; below `third` is 4. "
        "One that is not written is 50, 25 or 5.",
        "関心度の点数が到達した最上位がレベルです。third 未満は 4 になります。"
        "省略した値は順に 50、25、5 です。",
    ),
    "too_many_rules": Code(
        "a model has at most 63 rules and disqualifiers together",
        "1つのモデルに書けるルールと除外条件は、合わせて63件までです",
        "Which of them met is kept in one number with a bit for each. Join rules with OR, or put "
        "some into another model.",
        "成立したルールはビット列として記録されます。OR でまとめるか、別のモデルに分けてください。",
    ),
    "unknown_event": Code(
        "`{found}` is no event: it is neither built in nor declared under `events` in "
        "settings.yaml",
        "`{found}` というイベントはありません。標準のイベントを使うか、settings.yaml の `events` "
        "で宣言してください",
        "An event that nobody sends would never give points, and nobody would notice.",
        "存在しないイベントでは点数が付かず、誤りにも気付けません。",
    ),
    "event_of_ours": Code(
        "`{found}` is what we did, not the lead; it never counts",
        "`{found}` はリードではなく自社側の動作なので、加点の対象になりません",
        "Points are for what people do: email_opened or email_clicked, for example.",
        "加点できるのはリードの行動です。例: email_opened、email_clicked",
    ),
    "reserved_event": Code(
        "`{found}` is there already; an event of your own needs another name",
        "`{found}` は標準で用意されています。独自のイベントには別の名前を付けてください",
        "Built-in events need not be declared; clicks, opens, visits, downloads and events stand "
        "for groups of them in conditions, and words such as click are read as one of them.",
        "標準のイベントは宣言不要です。clicks・opens・visits・downloads・events は条件の中で"
        "イベントのまとまりを表し、click などの語は標準のイベントとして読み込まれます。",
    ),
    "reserved_model": Code(
        "a model cannot be called `{found}`: its field `{field}` would be taken for another",
        "モデル名に `{found}` は使えません。項目 `{field}` をほかの項目と区別できなくなります",
        "Each model has the fields points_<model>, grade_<model> and so on. The file itself is the "
        "model `main`.",
        "モデルごとに points_<モデル名>、grade_<モデル名> などの項目ができます。"
        "ファイル直下の設定がモデル `main` です。",
    ),
    "reserved_segment": Code(
        "`{found}` means something else in conditions; a segment needs another name",
        "`{found}` は条件の中で別の意味を持ちます。セグメントには別の名前を付けてください",
        "A segment is used by its name, so it may not be a field, an event count such as "
        "clicks_30d, a function or a word such as `not`.",
        "セグメントは名前で参照するため、項目、clicks_30d のような集計、関数、not などの"
        "語と同じ名前にはできません。",
    ),
    "segment_order": Code(
        "the segment `{found}` is not there yet: a segment may name those above it",
        "セグメント `{found}` はここではまだ使えません。参照できるのは上に書いたものだけです",
        "So no two segments can depend on each other. Move the one that is named further up.",
        "互いに参照し合うことを防ぐためです。参照されるセグメントを上に移してください。",
    ),
    "score_of_itself": Code(
        "a rule cannot ask for `{found}`, which follows from a score",
        "点数から決まる `{found}` を、加点や除外の条件に使うことはできません",
        "A score is made of fields and events alone. Use grades and points in segments, sequences, "
        "`lifecycle` and `hand_over`.",
        "点数は項目とイベントだけで決まります。グレードや点数は、セグメント・シナリオ・"
        "`lifecycle`・`hand_over` の条件で使えます。",
    ),
    "never_holds": Code(
        "`{field}` never holds `{found}`, so nothing equals it",
        "`{field}` が `{found}` になることはありません。この比較は成立しません",
        "Grades are A to D, countries are two letters such as JP, languages are en and ja; stages "
        "and requests have their own words.",
        "グレードは A〜D、国は JP などの2文字、言語は en と ja です。ステージと要望にも"
        "決まった語があります。",
    ),
    "transition_in_place": Code(
        "`{found}` is also where this leads to; a lead there need not move",
        "`{found}` は移行先 (to) と同じです。移行元 (from) から外してください",
        "`from` lists the stages that a lead leaves.",
        "`from` には移行前のステージを書きます。",
    ),
    "threshold_out_of_reach": Code(
        "no lead can reach this: the group gives at most {most} points",
        "グループの点数は最大でも {most} 点のため、この値に届くリードはありません",
        "Lower the threshold, or raise `at_most` of the group or the points of its rules.",
        "しきい値を下げるか、グループの `at_most` またはルールの点数を上げてください。",
    ),
    "idle_disqualifier": Code(
        "this disqualifier changes nothing: it limits neither points nor the grade",
        "この除外条件は効果がありません。点数もグレードも制限していません",
        "Leave `at_most` and `grade` out for 0 points and grade D, or state one of them.",
        "省略すると 0 点・グレード D になります。どちらかを指定してください。",
    ),
    "no_points": Code(
        "this rule gives no points",
        "このルールは点数を加えません",
        "It would be shown as a reason and change nothing. State points, or leave it out.",
        "理由として表示されるだけで、点数は変わりません。点数を書くか、削除してください。",
    ),
    "repeated_event": Code(
        "`{found}` is listed twice; it counts once",
        "`{found}` が重複しています。一度だけ数えます",
        "Remove one.",
        "片方を削除してください。",
    ),
    "hand_over_of_itself": Code(
        "`routing_skip` follows from `hand_over`, so this condition asks for its own answer",
        "`routing_skip` は `hand_over` の結果で決まるため、この条件の中では意味を持ちません",
        "Ask for grades, points, stages or fields.",
        "グレード・点数・ステージ・項目で条件を書いてください。",
    ),
    "cap_changes_nothing": Code(
        "this cap changes nothing: all rules of the group together give {most}",
        "この上限は効果がありません。グループのルールをすべて合わせても {most} 点です",
        "Lower it, or leave it out.",
        "値を下げるか、削除してください。",
    ),
}

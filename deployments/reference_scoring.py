"""What the configuration keys of scores, segments and events mean, for the generated reference."""

from __future__ import annotations

from typing import Final

from deployments.reference_form_words import Words
from deployments.reference_form_words import both as _both

_OF_A_MODEL: Final[dict[str, Words]] = {
    "rules": _both(
        "points for what is known of a lead; with the disqualifiers at most 63",
        "リードの項目に対する加点ルール。除外条件と合わせて63件まで",
    ),
    "events": _both(
        "points for each thing that a lead did; always engagement; at most 63",
        "行動1回ごとの加点ルール。すべて関心度に加算。63件まで",
    ),
    "disqualifiers": _both(
        "who may not come above a number of points or a grade",
        "点数とグレードに上限を設けるリード (除外条件)",
    ),
    "groups": _both("least and most points of each group", "グループごとの点数の下限と上限"),
    "grades": _both("least fit points of each grade", "各グレードに必要な適合点"),
    "levels": _both(
        "least engagement points of each level; below the third is 4",
        "各レベルに必要な関心点。third 未満は4",
    ),
    "lifecycle": _both(
        "when a lead enters a lifecycle stage by itself, in this order",
        "リードがライフサイクルステージを自動で進む条件 (書いた順に判定)",
    ),
}
#: What each key of scoring.yaml and segments.yaml means, and those of events elsewhere.
SCORING_MEANINGS: Final[dict[str, Words]] = {
    "Scoring.title": _both("of the main model; for people", "主モデルの表示名"),
    **{f"Scoring.{name}": words for name, words in _OF_A_MODEL.items()},
    "Scoring.models": _both(
        "further score models by name, each with the keys above; their scores are the fields "
        "`points_<name>`, `grade_<name>` and so on",
        "併用するスコアモデル (名前ごとに上と同じキー)。結果は `points_<name>`、`grade_<name>` "
        "などの項目",
    ),
    "Scoring.hand_over": _both(
        "a condition: which leads reach a rep; without it all do",
        "営業担当に渡すリードの条件。省略時はすべて渡す",
    ),
    "RuleShape.id": _both("recorded with every score", "スコアとともに記録する ID"),
    "RuleShape.when": _both(
        "a condition over fields and event counts; no points, no grade",
        "項目と行動の回数に対する条件。点数とグレードは使えない",
    ),
    "RuleShape.points": _both("-1000 to 1000", "-1000〜1000"),
    "RuleShape.group": _both(
        "`fit`, who they are, or `engagement`, what they did; the grade counts fit alone",
        "`fit` (適合度) か `engagement` (関心度)。グレードは fit の点だけで決まる",
    ),
    "RuleShape.says": _both("the reason that reps read", "担当に表示する加点理由"),
    "EventRuleShape.id": _both("recorded with every score", "スコアとともに記録する ID"),
    "EventRuleShape.event": _both(
        "name of an event, or several in a list", "行動の名前。複数はリストで書く"
    ),
    "EventRuleShape.where": _both(
        "a condition over `campaign`, `url` and `source` of the event",
        "行動の `campaign`・`url`・`source` に対する条件",
    ),
    "EventRuleShape.points": _both(
        "for each time, at the instant that it happens; -1000 to 1000",
        "1回ごとの、その時点の点数。-1000〜1000",
    ),
    "EventRuleShape.half_life": _both(
        "half of the points is left after it; without it they stay",
        "点数が半分になるまでの期間。省略時は減らない",
    ),
    "EventRuleShape.within": _both(
        "how long an event counts at all; without it for ever",
        "この期間を過ぎた行動は数えない。省略時は無期限",
    ),
    "EventRuleShape.limit": _both(
        "how many events count within any span of that length; the first ones do",
        "期間内に数える回数の上限。先に起きたものから数える",
    ),
    "LimitShape.count": _both("1 to 1000", "1〜1000"),
    "LimitShape.per": _both("the span, such as `1d`", "期間 (`1d` など)"),
    "EventRuleShape.at_most": _both(
        "the most that this rule gives, or takes, in all",
        "このルールで加える (減らす) 点数の合計の上限",
    ),
    "EventRuleShape.says": _both("the reason that reps read", "担当に表示する加点理由"),
    "DisqualifierShape.id": _both("recorded with every score", "スコアとともに記録する ID"),
    "DisqualifierShape.when": _both(
        "a condition over fields and event counts; no points, no grade",
        "項目と行動の回数に対する条件。点数とグレードは使えない",
    ),
    "DisqualifierShape.at_most": _both(
        "the most points that such a lead may have; `null` for any",
        "該当するリードの点数の上限。`null` なら制限しない",
    ),
    "DisqualifierShape.grade": _both(
        "the best grade that such a lead may have; `null` for any",
        "該当するリードのグレードの上限。`null` なら制限しない",
    ),
    "DisqualifierShape.says": _both("the reason that reps read", "担当に表示する理由"),
    "GroupsShape.fit": _both("points for who somebody is", "適合度の点数"),
    "GroupsShape.engagement": _both("points for what somebody did", "関心度の点数"),
    "BoundsShape.at_least": _both("the group's sum is never below", "合計の下限"),
    "BoundsShape.at_most": _both("the group's sum is never above", "合計の上限"),
    "GradeShape.A": _both("more than B", "B より大きい値"),
    "GradeShape.B": _both("more than C", "C より大きい値"),
    "GradeShape.C": _both("below it is D", "これ未満は D"),
    "LevelShape.first": _both(
        "level 1 from here; more than `second`", "レベル1。second より大きい値"
    ),
    "LevelShape.second": _both(
        "level 2 from here; more than `third`", "レベル2。third より大きい値"
    ),
    "LevelShape.third": _both("level 3 from here; below it is 4", "レベル3。これ未満は4"),
    "TransitionShape.to": _both("the stage that is entered", "進む先のステージ"),
    "TransitionShape.when": _both(
        "a condition over fields, event counts, points, grades and segments",
        "項目、行動の回数、点数、グレード、セグメントに対する条件",
    ),
    "TransitionShape.from_": _both(
        "stages that are left for it, back too; without it the lead only moves forward",
        "元のステージ (戻すこともできる)。省略時は先へ進むだけ",
    ),
    "Segments.segments": _both(
        "conditions by name; other conditions use the name like a boolean field",
        "名前付きの条件。他の条件の中で、その名前を真偽値の項目として使える",
    ),
    "SegmentShape.title": _both("for people", "表示名"),
    "SegmentShape.when": _both(
        "a condition; it may use the segments above it",
        "条件。これより上に書いたセグメントも使える",
    ),
    "SegmentShape.group": _both(
        "of the segments of one group a lead is in the first that matches",
        "同じグループのセグメントでは、最初に一致したものだけに入る",
    ),
    "Settings.events": _both(
        "names of events of your own, beside those that are known",
        "独自の行動の名前 (既定の名前に追加)",
    ),
    "Settings.page_script": _both(
        "the script `/e.js` for web sites of your own; without it there is none",
        "自社サイト用のスクリプト `/e.js`。省略時は使わない",
    ),
    "PageScript.origins": _both(
        "web sites that may load it, such as `https://www.example.com`",
        "使用を許可するサイト (`https://www.example.com` など)",
    ),
    "PageScript.pricing_paths": _both(
        "paths whose views are `pricing_page_viewed`; `*` stands for anything",
        "閲覧を `pricing_page_viewed` として記録するパス。`*` は任意の文字列",
    ),
    "Sending.track_clicks": _both(
        "whether links in the HTML part of nurture mail lead over this server, so that clicks are "
        "seen",
        "シナリオメール (HTML) のリンクをこのサーバー経由にして、クリックを記録するか",
    ),
}

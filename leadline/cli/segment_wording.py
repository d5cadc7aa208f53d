"""What `leadline segments` and `--segment` say, and their help; parts of the catalogs."""

from __future__ import annotations

from typing import Final

SEGMENTS: Final[dict[str, tuple[str, str]]] = {
    "refused.no_segment": (
        "There is no segment {word}.{meant} config/segments.yaml has: {known}",
        "セグメント {word} はありません。{meant} config/segments.yaml にあるもの: {known}",
    ),
    "segments.name": ("segment", "セグメント"),
    "segments.title": ("title", "名称"),
    "segments.group": ("group", "グループ"),
    "segments.count": ("leads", "リード数"),
    "segments.none": (
        "There are no segments. Write some into config/segments.yaml.",
        "セグメントがありません。config/segments.yaml に定義してください。",
    ),
    "segments.next": (
        "Who is in one: leadline leads list --segment {name}",
        "該当するリードの一覧: leadline leads list --segment {name}",
    ),
}

SEGMENT_COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "segments": (
        "Lists the segments of config/segments.yaml, and how many leads are in each.",
        "config/segments.yaml のセグメントと、それぞれのリード数を表示します。",
    ),
}

_OPTION: Final = (
    "only leads of this segment of config/segments.yaml",
    "config/segments.yaml のこのセグメントのリードだけ",
)

SEGMENT_PARAMETERS: Final[dict[str, tuple[str, str]]] = {
    "leads list.segment": _OPTION,
    "leads export.segment": _OPTION,
}

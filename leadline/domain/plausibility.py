"""How likely a text is to be what somebody wrote, so that readings of the same bytes compare.

Bytes of one Japanese encoding are often valid in another, and so is a German name in CP932: what
tells them apart is what kind of characters come out, and beside which. A text costs the more the
less likely it is; of two readings of the same bytes the cheaper one is right. The figures are
rough negative logarithms of how often such a character stands in tables of names and addresses.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

#: What a byte costs that an encoding has no character for.
BAD_BYTE: Final = 25.0
#: Kanji that names, places and business texts are mostly made of, all of JIS level 1.
_COMMON_KANJI: Final = frozenset(
    "亜阿愛葵茜悪旭虻綾安暗以伊委意異衣医井一稲茨印員引飲院右羽雨浦運雲営映永泳英益駅越円園演"
    "遠塩央奥応横王黄岡沖荻屋温音下化何価佳加可夏家科歌河火花課貨画賀介会解回改械海界皆絵開階"
    "貝外害垣格確角較学楽掛潟割株刈寒刊巻幹感換監看管間関館丸含岸岩顔願企危喜器基寄岐希既期機"
    "帰気紀規輝亀宜技義議菊吉客丘久休宮急求球究牛居挙魚京供協境強教橋狭胸興業曲玉桐菌近金銀九"
    "区駒具空熊栗桑勲君群軍郡係兄型形恵携経計警軽芸劇欠決結血月件健券建検権犬研県肩見険元原減"
    "言限個古庫戸故湖虎顧午後御語誤護交光公厚口向好孝宏工幸広康弘晃更江浩港考荒行購鉱降香高剛"
    "号合告国黒腰骨込今根佐左査沙砂座債再最妻彩済災斎細菜裁財坂阪堺咲崎埼作昨桜刷察札三参山産"
    "算使司史四士始姉子市師志思指支枝止死氏祉私糸紙紫至誌資歯事児字寺持時次滋治耳自辞鹿式識七"
    "執室質実柴写射社者車借若弱主取守手狩珠種酒首受寿樹収周州修秀秋終習週住充十従渋重宿出術春"
    "淳純処初所暑署書助女除勝商小少庄床昭松沼消省章証上乗城場常情条状織職色食尻信心新森深申真"
    "神親進震人仁尋須図水瑞数杉菅世瀬制姓性成政星晴正清生盛声製西誠請青静斉税席石積責赤折設雪"
    "舌仙先千専川戦泉浅線船選銭前善全曽祖組双倉想早巣争相窓総聡草荘走送像増造則息足族続存孫損"
    "村他多太体対帯待態貸隊代台大第択拓沢達谷誰丹担短団暖段男談値知地智池置致遅築竹中仲昼柱注"
    "丁庁張朝町調長頂鳥直津追痛通塚鶴低定庭弟締的哲徹鉄典天店転点田電徒斗渡登都度土冬島東桃湯"
    "当答藤討豆頭働動同堂導瞳道徳篤読栃届曇奈那内縄南二肉日入任認熱年乃能農覇波馬背梅買売萩博"
    "柏泊白薄畑八発判半板版犯般飯晩番否彼比費飛樋備尾美鼻彦姫媛百氷表病秒品浜敏不付夫富府敷父"
    "阜武舞部楓風伏服福腹複物分文聞兵幣平柄閉米頁壁別変片辺返便勉保歩穂母報方法芳萌訪豊房望防"
    "北牧堀幌本麻妹毎満味未民務無牟名命明面茂木目戻問門也夜野弥矢役約薬訳靖柳輸佑優勇友悠有由"
    "裕郵雄融予容曜様洋用葉要遥陽翼来雷絡覧利梨理里律立流留隆竜了亮料療良力緑林輪類令例冷鈴零"
    "蓮連路老郎六録和話腕"
)
#: Beyond JIS level 1 and yet frequent in names.
_NAME_KANJI: Final = frozenset("髙﨑濵瀨德塚栁櫻澤邊邉齋齊廣濱國學惠槇榮眞圓彌曻")
_LETTERS: Final = frozenset("äöüßéèêëàâáíóúñçôîïûùãõåøæ")
_CAPITALS: Final = frozenset("ÄÖÜÉÈÀÁÍÓÚÑÇÅØÎÔÊÂÃÕÆËÏŒŠŽ")
_RARE_LETTERS: Final = frozenset("ýìòœšžÝÌÒÙÛ")
_LATIN_SIGNS: Final = frozenset("°§«»·¿¡ºª©®£€’“”–—…•™\xa0½´²³")
_WIDE_SIGNS: Final = frozenset("・（）「」、。〒〜～ー々〇『』！？／：＆＠－−ヶヵ【】★☆※→○●◎△")
#: Accented letters that do stand side by side.
_PAIRS: Final = frozenset(
    {"öß", "üß", "äß", "éé", "çõ", "çã", "ñó", "üé", "öé", "ÇÕ", "ÇÃ", "ÉÉ", "úñ", "Íñ"}
)
_VOICED: Final = frozenset("ｳｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾊﾋﾌﾍﾎ")
_SMALL: Final = frozenset("ｧｨｩｪｫｬｭｮ")
_BEFORE_SMALL: Final = frozenset("ｷｼﾁﾆﾋﾐﾘﾌﾃﾄｳｳﾞﾟﾂｸ")
_NEVER_FIRST: Final = frozenset("ﾝｰﾞﾟｧｨｩｪｫｬｭｮｯ")
_NUL: Final = 5.0  # what one costs beyond another ASCII character; damaged files have whole runs
_CONTROL: Final = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")


def cost_of(text: str) -> float:
    """Return how unlikely a text is; a lone surrogate stands for a byte that is none."""
    total, before = (BAD_BYTE - 3.0) * len(_CONTROL.findall(text)), " "
    total += _NUL * text.count("\0")
    if text.isascii():
        return total + 3.0 * len(text)
    for place, character in enumerate(text):
        if character < "\x80":
            total += 3.0 + (before >= "\x80" and _beside_ascii(before, character))
        else:
            behind = text[place + 1 : place + 2] or " "
            total += _cost(character) + _fit(before, character, behind)
        before = character
    return total


@lru_cache(maxsize=20_000)
def _cost(character: str) -> float:
    """Return what a character costs by itself."""
    kind = _kind(character)
    if kind == "kanji":
        return 5.5 if character in _COMMON_KANJI else _rare_kanji(character)
    if kind == "latin":
        return _latin(character)
    return _BY_KIND[kind]


_BY_KIND: Final = {
    "kana": 4.2,
    "half": 4.3,
    "half sign": 9.0,
    "wide": 6.5,
    "wide sign": 5.5,
    "vendor": 8.0,
    "greek": 6.0,
    "other letter": 7.0,
    "sign": 11.0,
    "none": BAD_BYTE,
}


@lru_cache(maxsize=20_000)
def _kind(character: str) -> str:
    """Return the kind of a character that is not ASCII."""
    code = ord(character)
    for least, most, kind in _BLOCKS:
        if least <= code <= most:
            return kind
    if character in _WIDE_SIGNS:
        return "wide sign"
    if character in _LATIN_SIGNS:
        return "latin"
    if character in "№℡":
        return "vendor"
    category = unicodedata.category(character)
    if category in {"Co", "Cs", "Cn", "Cc"}:
        return "none"
    return "other letter" if category in {"Lu", "Ll", "Lo"} else "sign"


_BLOCKS: Final = (
    (0x2460, 0x2473, "vendor"),
    (0x3200, 0x33FF, "vendor"),
    (0x4E00, 0x9FFF, "kanji"),
    (0xF900, 0xFAFF, "kanji"),
    (0x3041, 0x3096, "kana"),
    (0x30A1, 0x30FA, "kana"),
    (0x30FC, 0x30FC, "kana"),
    (0xFF61, 0xFF65, "half sign"),
    (0xFF66, 0xFF9F, "half"),
    (0xFF10, 0xFF5A, "wide"),
    (0x00A1, 0x00FF, "latin"),
    (0x0152, 0x017E, "latin"),
    (0x0386, 0x03CE, "greek"),
    (0x0400, 0x045F, "greek"),
    (0x05D0, 0x05EA, "greek"),
    (0x0621, 0x064A, "greek"),
)


def _rare_kanji(character: str) -> float:
    if character in _NAME_KANJI:
        return 8.0
    try:
        raw = character.encode("euc_jp")
    except UnicodeEncodeError:
        return 14.0
    return 8.5 if len(raw) == 2 and 0xB0 <= raw[0] <= 0xCF else 12.5  # noqa: PLR2004 (JIS level 1)


def _latin(character: str) -> float:
    if character in _LETTERS:
        return 4.5
    if character in _CAPITALS:
        return 6.0
    if character == "’":
        return 6.0
    return 8.0 if character in _RARE_LETTERS or character in _LATIN_SIGNS else 11.0


def _fit(before: str, character: str, behind: str) -> float:
    """Return what a character costs for the company that it keeps."""
    kind = _kind(character)
    if kind == "latin":
        return _latin_fit(before, character, behind)
    if kind in {"half", "half sign"}:
        return _half_fit(before, character, behind)
    if before < "\x80":
        is_single = behind < "\x80"
        is_lone = is_single and kind in {"greek", "other letter"} and not before.isalpha()
        beside = 7.0 * is_single * (behind.islower() + before.islower())
        return 2.0 * before.isalpha() + beside + 5.0 * is_lone
    return 0.0 if _family(before) == _family(character) else 4.0


def _family(character: str) -> str:
    kind = _kind(character)
    return "japanese" if kind in {"kanji", "kana", "wide", "wide sign", "vendor"} else kind


def _beside_ascii(before: str, character: str) -> float:
    """Return what an ASCII letter costs behind another one; words rarely mix."""
    return 2.0 if character.isalpha() and _kind(before) not in {"latin", "greek"} else 0.0


def _latin_fit(before: str, character: str, behind: str) -> float:
    if character not in _LETTERS and character not in _CAPITALS:
        is_inside = before.isalpha() and behind.isalpha() and character not in "’·"
        return 6.0 * is_inside + 3.0 * (before >= "\x80")
    if before >= "\x80":
        return 0.0 if before + character in _PAIRS else 4.0
    if character in _CAPITALS:
        return 6.0 * before.islower()
    is_lone = not before.isalpha() and not behind.isalpha() and character not in "àéèóáíú"
    return 6.0 * is_lone + 6.0 * (behind.isascii() and behind.isupper() and before.islower())


def _half_fit(before: str, character: str, behind: str) -> float:
    is_first = not "\uff61" <= before <= "\uff9f"
    if is_first:
        is_single = not "\uff61" <= behind <= "\uff9f"
        total = 4.0 + 6.0 * is_single + 6.0 * (character in _NEVER_FIRST)
        return total + 3.0 * (before.isalpha() and before < "\x80") + 3.0 * (before >= "\x80")
    if character in "ﾞﾟ":
        return -3.0 if before in _VOICED else 8.0
    if character in _SMALL:
        return 0.0 if before in _BEFORE_SMALL else 5.0
    return 0.0

"""The countries of ISO 3166: code, zone of the capital, names in English and Japanese, aliases.

Source: ISO 3166-1 and the zone table of the IANA time zone database. One line holds
`code|zone|English name|Japanese name|alias;alias`; a code may have several lines, and the zone is
empty where nobody lives the year round.
"""

from __future__ import annotations

from typing import Final

#: Names in German, where they differ from the English name by more than accents: `code name`.
GERMAN_NAMES: Final = (
    "AU Australien,"  # codespell:ignore australien
    "IN Indien,"  # codespell:ignore indien
    "AE Vereinigte Arabische Emirate,AL Albanien,AM Armenien,AQ Antarktis,AR Argentinien,"
    "AT Österreich,AZ Aserbaidschan,BA Bosnien und Herzegowina,BA Bosnien-Herzegowina,"
    "BD Bangladesch,BE Belgien,BG Bulgarien,BO Bolivien,BR Brasilien,BS Bahamas,BW Botsuana,"
    "BY Weißrussland,BY Belarus,CA Kanada,CD Demokratische Republik Kongo,"
    "CF Zentralafrikanische Republik,CG Kongo,CG Republik Kongo,CH Schweiz,CH Suisse,CH Svizzera,"
    "CH Schweizerische Eidgenossenschaft,CI Elfenbeinküste,CL Chile,CM Kamerun,"
    "CN Volksrepublik China,CO Kolumbien,CR Costa Rica,CU Kuba,CV Kap Verde,CY Zypern,"
    "CZ Tschechien,CZ Tschechische Republik,DE Deutschland,DE BRD,DE Bundesrepublik Deutschland,"
    "DJ Dschibuti,DK Dänemark,DO Dominikanische Republik,DZ Algerien,EE Estland,EG Ägypten,"
    "ER Eritrea,ES Spanien,ET Äthiopien,FI Finnland,FJ Fidschi,FR Frankreich,GA Gabun,"
    "GB Vereinigtes Königreich,GB Großbritannien,GE Georgien,GQ Äquatorialguinea,GR Griechenland,"
    "HK Hongkong,HR Kroatien,HU Ungarn,ID Indonesien,IE Irland,IQ Irak,IS Island,IT Italien,"
    "JM Jamaika,JO Jordanien,JP Japan,KE Kenia,KG Kirgisistan,KH Kambodscha,KM Komoren,"
    "KP Nordkorea,KR Südkorea,KR Korea,KZ Kasachstan,LB Libanon,LT Litauen,LU Luxemburg,"
    "LV Lettland,LY Libyen,MA Marokko,MC Monaco,MD Moldawien,MD Republik Moldau,ME Montenegro,"
    "MG Madagaskar,MK Nordmazedonien,MK Mazedonien,MM Myanmar,MN Mongolei,MO Macau,"
    "MR Mauretanien,MU Mauritius,MV Malediven,MX Mexiko,MZ Mosambik,NL Niederlande,"
    "NL die Niederlande,NO Norwegen,NZ Neuseeland,PG Papua-Neuguinea,PH Philippinen,PL Polen,"
    "QA Katar,RO Rumänien,RS Serbien,RU Russland,RU Russische Föderation,RW Ruanda,"
    "SA Saudi-Arabien,SB Salomonen,SC Seychellen,SE Schweden,SG Singapur,SI Slowenien,"
    "SK Slowakei,SK Slowakische Republik,SY Syrien,TD Tschad,TJ Tadschikistan,TM Turkmenistan,"
    "TN Tunesien,TR Türkei,TT Trinidad und Tobago,TZ Tansania,UA Ukraine,US Vereinigte Staaten,"
    "US Vereinigte Staaten von Amerika,US Amerika,UZ Usbekistan,VA Vatikanstadt,VA Vatikan,"
    "YE Jemen,ZA Südafrika,ZM Sambia,ZW Simbabwe,TW Taiwan,TH Thailand"
)

COUNTRY_LINES: Final = (
    "FO|Atlantic/Faroe|Faroe Islands|フェロー諸島\n"  # codespell:ignore fo
    "TH|Asia/Bangkok|Thailand|タイ|THA;タイ王国\n"  # codespell:ignore tha
    """\
AD|Europe/Andorra|Andorra|アンドラ
AE|Asia/Dubai|United Arab Emirates|アラブ首長国連邦|ARE;UAE;U.A.E.;アラブ首長国;ＵＡＥ
AF|Asia/Kabul|Afghanistan|アフガニスタン
AG|America/Antigua|Antigua and Barbuda|アンティグア・バーブーダ
AI|America/Anguilla|Anguilla|アンギラ
AL|Europe/Tirane|Albania|アルバニア
AM|Asia/Yerevan|Armenia|アルメニア
AO|Africa/Luanda|Angola|アンゴラ
AQ||Antarctica|南極
AR|America/Argentina/Buenos_Aires|Argentina|アルゼンチン|ARG
AS|Pacific/Pago_Pago|American Samoa|アメリカ領サモア
AT|Europe/Vienna|Austria|オーストリア|AUT;Österreich;A
AU|Australia/Sydney|Australia|オーストラリア|AUS;豪州
AW|America/Aruba|Aruba|アルバ
AX|Europe/Mariehamn|Åland Islands|オーランド諸島
AZ|Asia/Baku|Azerbaijan|アゼルバイジャン
BA|Europe/Sarajevo|Bosnia and Herzegovina|ボスニア・ヘルツェゴビナ
BB|America/Barbados|Barbados|バルバドス
BD|Asia/Dhaka|Bangladesh|バングラデシュ|BGD
BE|Europe/Brussels|Belgium|ベルギー|BEL;Belgique;België
BF|Africa/Ouagadougou|Burkina Faso|ブルキナファソ
BG|Europe/Sofia|Bulgaria|ブルガリア|BGR
BH|Asia/Bahrain|Bahrain|バーレーン
BI|Africa/Bujumbura|Burundi|ブルンジ
BJ|Africa/Porto-Novo|Benin|ベニン
BL|America/St_Barthelemy|Saint Barthélemy|サンバルテルミー
BM|Atlantic/Bermuda|Bermuda|バミューダ
BN|Asia/Brunei|Brunei|ブルネイ|Brunei Darussalam
BO|America/La_Paz|Bolivia|ボリビア|Plurinational State of Bolivia
BQ|America/Kralendijk|Caribbean Netherlands|ボネール
BR|America/Sao_Paulo|Brazil|ブラジル|BRA;Brasil
BS|America/Nassau|Bahamas|バハマ|The Bahamas
BT|Asia/Thimphu|Bhutan|ブータン
BV||Bouvet Island|ブーベ島
BW|Africa/Gaborone|Botswana|ボツワナ
BY|Europe/Minsk|Belarus|ベラルーシ
BZ|America/Belize|Belize|ベリーズ
CA|America/Toronto|Canada|カナダ|CAN
CC|Indian/Cocos|Cocos Islands|ココス諸島
CD|Africa/Kinshasa|Democratic Republic of the Congo|コンゴ民主共和国|DR Congo;DRC
CF|Africa/Bangui|Central African Republic|中央アフリカ共和国
CG|Africa/Brazzaville|Republic of the Congo|コンゴ共和国|Congo;コンゴ
CH|Europe/Zurich|Switzerland|スイス|CHE;Schweiz;Suisse;Svizzera
CI|Africa/Abidjan|Côte d'Ivoire|コートジボワール|Ivory Coast;コートジボアール
CK|Pacific/Rarotonga|Cook Islands|クック諸島
CL|America/Santiago|Chile|チリ|CHL
CM|Africa/Douala|Cameroon|カメルーン
CN|Asia/Shanghai|China|中国|CHN;People's Republic of China;PRC
CN|Asia/Shanghai|Mainland China|中华人民共和国|中華人民共和国
CO|America/Bogota|Colombia|コロンビア|COL
CR|America/Costa_Rica|Costa Rica|コスタリカ
CU|America/Havana|Cuba|キューバ
CV|Atlantic/Cape_Verde|Cape Verde|カーボベルデ|Cabo Verde
CW|America/Curacao|Curaçao|キュラソー
CX|Indian/Christmas|Christmas Island|クリスマス島
CY|Asia/Nicosia|Cyprus|キプロス
CZ|Europe/Prague|Czechia|チェコ|CZE;Czech Republic;チェコ共和国
DE|Europe/Berlin|Germany|ドイツ|DEU;GER;Deutschland;Federal Republic of Germany;独国;D
DJ|Africa/Djibouti|Djibouti|ジブチ
DK|Europe/Copenhagen|Denmark|デンマーク|DNK;Danmark
DM|America/Dominica|Dominica|ドミニカ国
DO|America/Santo_Domingo|Dominican Republic|ドミニカ共和国|DOM
DZ|Africa/Algiers|Algeria|アルジェリア|DZA
EC|America/Guayaquil|Ecuador|エクアドル
EE|Europe/Tallinn|Estonia|エストニア|EST
EG|Africa/Cairo|Egypt|エジプト|EGY
EH|Africa/El_Aaiun|Western Sahara|西サハラ
ER|Africa/Asmara|Eritrea|エリトリア
ES|Europe/Madrid|Spain|スペイン|ESP;España
ET|Africa/Addis_Ababa|Ethiopia|エチオピア
FI|Europe/Helsinki|Finland|フィンランド|FIN;Suomi
FJ|Pacific/Fiji|Fiji|フィジー
FK|Atlantic/Stanley|Falkland Islands|フォークランド諸島
FM|Pacific/Pohnpei|Micronesia|ミクロネシア|ミクロネシア連邦
FR|Europe/Paris|France|フランス|FRA;仏国
GA|Africa/Libreville|Gabon|ガボン
GB|Europe/London|United Kingdom|イギリス|UK;GBR;Great Britain;Britain;England;Scotland;Wales;英国
GB|Europe/London|Northern Ireland|イングランド|スコットランド;連合王国
GD|America/Grenada|Grenada|グレナダ
GE|Asia/Tbilisi|Georgia|ジョージア|GEO;グルジア
GF|America/Cayenne|French Guiana|仏領ギアナ
GG|Europe/Guernsey|Guernsey|ガーンジー
GH|Africa/Accra|Ghana|ガーナ
GI|Europe/Gibraltar|Gibraltar|ジブラルタル
GL|America/Nuuk|Greenland|グリーンランド
GM|Africa/Banjul|Gambia|ガンビア|The Gambia
GN|Africa/Conakry|Guinea|ギニア
GP|America/Guadeloupe|Guadeloupe|グアドループ
GQ|Africa/Malabo|Equatorial Guinea|赤道ギニア
GR|Europe/Athens|Greece|ギリシャ|GRC;Hellas;ギリシア
GS|Atlantic/South_Georgia|South Georgia|サウスジョージア島・サウスサンドウィッチ島
GT|America/Guatemala|Guatemala|グアテマラ
GU|Pacific/Guam|Guam|グアム
GW|Africa/Bissau|Guinea-Bissau|ギニアビサウ
GY|America/Guyana|Guyana|ガイアナ
HK|Asia/Hong_Kong|Hong Kong|香港|HKG;Hong Kong SAR;ホンコン
HM||Heard Island and McDonald Islands|ハード・マクドナルド諸島
HN|America/Tegucigalpa|Honduras|ホンジュラス
HR|Europe/Zagreb|Croatia|クロアチア|HRV;Hrvatska
HT|America/Port-au-Prince|Haiti|ハイチ
HU|Europe/Budapest|Hungary|ハンガリー|HUN
ID|Asia/Jakarta|Indonesia|インドネシア|IDN
IE|Europe/Dublin|Ireland|アイルランド|IRL;Republic of Ireland;Éire
IL|Asia/Jerusalem|Israel|イスラエル|ISR
IM|Europe/Isle_of_Man|Isle of Man|マン島
IN|Asia/Kolkata|India|インド|IND;Bharat
IO|Indian/Chagos|British Indian Ocean Territory|英領インド洋地域
IQ|Asia/Baghdad|Iraq|イラク
IR|Asia/Tehran|Iran|イラン|IRN;Islamic Republic of Iran
IS|Atlantic/Reykjavik|Iceland|アイスランド|ISL
IT|Europe/Rome|Italy|イタリア|ITA;Italia
JE|Europe/Jersey|Jersey|ジャージー
JM|America/Jamaica|Jamaica|ジャマイカ
JO|Asia/Amman|Jordan|ヨルダン
JP|Asia/Tokyo|Japan|日本|JPN;Nippon;Nihon;日本国;ジャパン
KE|Africa/Nairobi|Kenya|ケニア|KEN
KG|Asia/Bishkek|Kyrgyzstan|キルギス|キルギスタン
KH|Asia/Phnom_Penh|Cambodia|カンボジア|KHM
KI|Pacific/Tarawa|Kiribati|キリバス
KM|Indian/Comoro|Comoros|コモロ
KN|America/St_Kitts|Saint Kitts and Nevis|セントクリストファー・ネービス
KP|Asia/Pyongyang|North Korea|北朝鮮|PRK
KP|Asia/Pyongyang|Democratic People's Republic of Korea|朝鮮民主主義人民共和国
KR|Asia/Seoul|South Korea|韓国|KOR;Korea;Republic of Korea;大韓民国;한국;대한민국
KW|Asia/Kuwait|Kuwait|クウェート
KY|America/Cayman|Cayman Islands|ケイマン諸島
KZ|Asia/Almaty|Kazakhstan|カザフスタン|KAZ
LA|Asia/Vientiane|Laos|ラオス|LAO;Lao PDR
LB|Asia/Beirut|Lebanon|レバノン
LC|America/St_Lucia|Saint Lucia|セントルシア
LI|Europe/Vaduz|Liechtenstein|リヒテンシュタイン
LK|Asia/Colombo|Sri Lanka|スリランカ|LKA
LR|Africa/Monrovia|Liberia|リベリア
LS|Africa/Maseru|Lesotho|レソト
LT|Europe/Vilnius|Lithuania|リトアニア|LTU
LU|Europe/Luxembourg|Luxembourg|ルクセンブルク|LUX
LV|Europe/Riga|Latvia|ラトビア|LVA
LY|Africa/Tripoli|Libya|リビア
MA|Africa/Casablanca|Morocco|モロッコ|MAR
MC|Europe/Monaco|Monaco|モナコ
MD|Europe/Chisinau|Moldova|モルドバ|Republic of Moldova
ME|Europe/Podgorica|Montenegro|モンテネグロ
MF|America/Marigot|Saint Martin|サンマルタン
MG|Indian/Antananarivo|Madagascar|マダガスカル
MH|Pacific/Majuro|Marshall Islands|マーシャル諸島
MK|Europe/Skopje|North Macedonia|北マケドニア|Macedonia;マケドニア
ML|Africa/Bamako|Mali|マリ
MM|Asia/Yangon|Myanmar|ミャンマー|MMR;Burma;ビルマ
MN|Asia/Ulaanbaatar|Mongolia|モンゴル|MNG
MO|Asia/Macau|Macao|マカオ|MAC;Macau;マカオ特別行政区
MP|Pacific/Saipan|Northern Mariana Islands|北マリアナ諸島
MQ|America/Martinique|Martinique|マルティニーク
MR|Africa/Nouakchott|Mauritania|モーリタニア
MS|America/Montserrat|Montserrat|モントセラト
MT|Europe/Malta|Malta|マルタ
MU|Indian/Mauritius|Mauritius|モーリシャス
MV|Indian/Maldives|Maldives|モルディブ
MW|Africa/Blantyre|Malawi|マラウイ
MX|America/Mexico_City|Mexico|メキシコ|MEX;México
MY|Asia/Kuala_Lumpur|Malaysia|マレーシア|MYS
MZ|Africa/Maputo|Mozambique|モザンビーク
NA|Africa/Windhoek|Namibia|ナミビア
NC|Pacific/Noumea|New Caledonia|ニューカレドニア
NE|Africa/Niamey|Niger|ニジェール
NF|Pacific/Norfolk|Norfolk Island|ノーフォーク島
NG|Africa/Lagos|Nigeria|ナイジェリア|NGA
NI|America/Managua|Nicaragua|ニカラグア
NL|Europe/Amsterdam|Netherlands|オランダ|NLD;Holland;The Netherlands;Nederland
NO|Europe/Oslo|Norway|ノルウェー|NOR;Norge
NP|Asia/Kathmandu|Nepal|ネパール|NPL
NR|Pacific/Nauru|Nauru|ナウル
NU|Pacific/Niue|Niue|ニウエ
NZ|Pacific/Auckland|New Zealand|ニュージーランド|NZL;Aotearoa
OM|Asia/Muscat|Oman|オマーン
PA|America/Panama|Panama|パナマ
PE|America/Lima|Peru|ペルー|PER
PF|Pacific/Tahiti|French Polynesia|仏領ポリネシア
PG|Pacific/Port_Moresby|Papua New Guinea|パプアニューギニア
PH|Asia/Manila|Philippines|フィリピン|PHL;The Philippines
PK|Asia/Karachi|Pakistan|パキスタン|PAK
PL|Europe/Warsaw|Poland|ポーランド|POL;Polska
PM|America/Miquelon|Saint Pierre and Miquelon|サンピエール島・ミクロン島
PN|Pacific/Pitcairn|Pitcairn|ピトケアン
PR|America/Puerto_Rico|Puerto Rico|プエルトリコ|PRI
PS|Asia/Hebron|Palestine|パレスチナ|Palestinian Territories
PT|Europe/Lisbon|Portugal|ポルトガル|PRT
PW|Pacific/Palau|Palau|パラオ
PY|America/Asuncion|Paraguay|パラグアイ
QA|Asia/Qatar|Qatar|カタール|QAT
RE|Indian/Reunion|Réunion|レユニオン
RO|Europe/Bucharest|Romania|ルーマニア|ROU
RS|Europe/Belgrade|Serbia|セルビア|SRB
RU|Europe/Moscow|Russia|ロシア|RUS;Russian Federation;ロシア連邦
RW|Africa/Kigali|Rwanda|ルワンダ
SA|Asia/Riyadh|Saudi Arabia|サウジアラビア|SAU;KSA
SB|Pacific/Guadalcanal|Solomon Islands|ソロモン諸島
SC|Indian/Mahe|Seychelles|セイシェル
SD|Africa/Khartoum|Sudan|スーダン
SE|Europe/Stockholm|Sweden|スウェーデン|SWE;Sverige
SG|Asia/Singapore|Singapore|シンガポール|SGP
SH|Atlantic/St_Helena|Saint Helena|セントヘレナ
SI|Europe/Ljubljana|Slovenia|スロベニア|SVN
SJ|Arctic/Longyearbyen|Svalbard and Jan Mayen|スバールバル諸島・ヤンマイエン島
SK|Europe/Bratislava|Slovakia|スロバキア|SVK;Slovak Republic
SL|Africa/Freetown|Sierra Leone|シエラレオネ
SM|Europe/San_Marino|San Marino|サンマリノ
SN|Africa/Dakar|Senegal|セネガル
SO|Africa/Mogadishu|Somalia|ソマリア
SR|America/Paramaribo|Suriname|スリナム
SS|Africa/Juba|South Sudan|南スーダン
ST|Africa/Sao_Tome|São Tomé and Príncipe|サントメ・プリンシペ
SV|America/El_Salvador|El Salvador|エルサルバドル
SX|America/Lower_Princes|Sint Maarten|シント・マールテン
SY|Asia/Damascus|Syria|シリア|Syrian Arab Republic
SZ|Africa/Mbabane|Eswatini|エスワティニ|Swaziland;スワジランド
TC|America/Grand_Turk|Turks and Caicos Islands|タークス・カイコス諸島
TD|Africa/Ndjamena|Chad|チャド
TF|Indian/Kerguelen|French Southern Territories|フランス領極南諸島
TG|Africa/Lome|Togo|トーゴ
TJ|Asia/Dushanbe|Tajikistan|タジキスタン
TK|Pacific/Fakaofo|Tokelau|トケラウ
TL|Asia/Dili|Timor-Leste|東ティモール|East Timor
TM|Asia/Ashgabat|Turkmenistan|トルクメニスタン
TN|Africa/Tunis|Tunisia|チュニジア
TO|Pacific/Tongatapu|Tonga|トンガ
TR|Europe/Istanbul|Türkiye|トルコ|TUR;Turkey;Turkiye
TT|America/Port_of_Spain|Trinidad and Tobago|トリニダード・トバゴ
TV|Pacific/Funafuti|Tuvalu|ツバル
TW|Asia/Taipei|Taiwan|台湾|TWN;Taiwan, Province of China;Republic of China;ROC;臺灣;中華民国
TZ|Africa/Dar_es_Salaam|Tanzania|タンザニア|United Republic of Tanzania
UA|Europe/Kyiv|Ukraine|ウクライナ|UKR
UG|Africa/Kampala|Uganda|ウガンダ
UM||US Minor Outlying Islands|米領太平洋諸島
US|America/New_York|United States|アメリカ合衆国|USA;U.S.;United States of America
US|America/New_York|America|アメリカ|米国;合衆国
UY|America/Montevideo|Uruguay|ウルグアイ
UZ|Asia/Tashkent|Uzbekistan|ウズベキスタン
VA|Europe/Vatican|Vatican City|バチカン|Holy See;Vatican;バチカン市国
VC|America/St_Vincent|Saint Vincent and the Grenadines|セントビンセント・グレナディーン
VE|America/Caracas|Venezuela|ベネズエラ|Bolivarian Republic of Venezuela
VG|America/Tortola|British Virgin Islands|英領バージン諸島
VI|America/St_Thomas|US Virgin Islands|米領バージン諸島
VN|Asia/Ho_Chi_Minh|Vietnam|ベトナム|VNM;VietNam;ヴェトナム
VU|Pacific/Efate|Vanuatu|バヌアツ
WF|Pacific/Wallis|Wallis and Futuna|ワリス・フテュナ諸島
WS|Pacific/Apia|Samoa|サモア|Western Samoa;西サモア
YE|Asia/Aden|Yemen|イエメン
YT|Indian/Mayotte|Mayotte|マヨット
ZA|Africa/Johannesburg|South Africa|南アフリカ|ZAF;RSA;南アフリカ共和国
ZM|Africa/Lusaka|Zambia|ザンビア
ZW|Africa/Harare|Zimbabwe|ジンバブエ
"""
)

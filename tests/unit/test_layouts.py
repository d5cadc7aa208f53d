"""Headers and a few rows of layouts that people have, each with the mapping that it must get."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from leadline.domain.mapping import decide_mapping

F = {
    "id": "external_id",
    "mail": "email",
    "given": "given_name",
    "family": "family_name",
    "name": "full_name",
    "kana": "name_kana",
    "zip": "postal_code",
    "at": "submitted_at",
}


class Layout(NamedTuple):
    """Lines of `header | field | cells`; a column without a field stays a raw attribute.

    Several columns of one field are numbered in the order in which they count: `phone.2`.
    """

    name: str
    lines: str


LAYOUTS = [
    Layout(
        "hubspot_contacts",
        """
        Record ID | id | 51 | 52
        First Name | given | Ada | Ben
        Last Name | family | Lane | Moss
        Email | mail | ada@a.example | ben@b.example
        Phone Number | phone.1 | 206-555-0101 |
        Mobile Phone Number | phone.2 | | 206-555-0102
        Contact owner | owner | Dana Whitfield | Dana Whitfield
        Lead Status | | Open | New
        Company Name | company | A Inc | B LLC
        Associated Company IDs | | 9;8 | 7
        Number of Employees | employees | 25 | 200
        Street Address | address | 1 Main St | 2 Main St
        State/Region | region | WA | CA
        Original Source | source | Organic Search | Direct Traffic
        Unsubscribed from all email | consent | true |
        Create Date | at | 2026-07-26 20:29 | 2026-07-27 20:29
        Last Activity Date | | 2026-07-28 | 2026-07-28
        """,
    ),
    Layout(
        "hubspot_contacts_ja",
        """
        レコードID | id | 51 | 52
        名 | given | 太郎 | 花子
        姓 | family | 山田 | 佐藤
        Eメール | mail | t@a.example | h@b.example
        電話番号 | phone | 03-1234-5678 |
        コンタクト担当者 | owner | 営業 一郎 | 営業 一郎
        会社名 | company | 山田商事株式会社 | 佐藤工業株式会社
        役職 | title | 部長 | 課長
        従業員数 | employees | 25 | 200
        都道府県／地域 | region | 東京都 | 大阪府
        国／地域 | country | 日本 | 日本
        オリジナルソース | source | オーガニック検索 | 直接
        ライフサイクルステージ | | リード | リード
        作成日 | at | 2026-07-26 20:29 | 2026-07-27 20:29
        """,
    ),
    Layout(
        "hubspot_contacts_de",
        """
        Datensatz-ID | id | 51 | 52
        Vorname | given | Anna | Jörg
        Nachname | family | Groß | Müller
        E-Mail | mail | anna@a.example | joerg@b.example
        Telefonnummer | phone | 030 23125001 | 030 23125002
        Kontakt-Zuständiger | owner | Dana | Dana
        Unternehmensname | company | A GmbH | B AG
        Jobbezeichnung | title | Leiterin | Leiter
        Wirtschaftszweig | industry | IT | Chemie
        Anzahl der Mitarbeiter | employees | 1.200 | 50
        Bundesland/Region | region | Berlin | Bayern
        Postleitzahl | zip | 10115 | 80331
        Land/Region | country | Deutschland | Deutschland
        Ursprüngliche Quelle | source | Direkt | Direkt
        Erstelldatum | at | 05.10.2026 13:04 | 06.10.2026 13:04
        Nachricht | message | Bitte um Angebot. |
        """,
    ),
    Layout(
        "salesforce_api",
        """
        Id | id | 00Q1 | 00Q2
        Salutation | | Mr. | Ms.
        FirstName | given | Ada | Ben
        LastName | family | Lane | Moss
        Name | name | Ada Lane | Ben Moss
        Title | title | CEO | CTO
        Company | company | A Inc | B LLC
        Street | address | 1 Main St | 2 Main St
        City | city | Springfield | Springfield
        State | region | WA | Texas
        PostalCode | zip | 98101 | 75201
        Country | country | USA | USA
        Phone | phone.1 | 206-555-0101 | 206-555-0103
        MobilePhone | phone.2 | | 206-555-0102
        Fax | | |
        Email | mail | ada@a.example | ben@b.example
        Website | website | https://a.example |
        Description | message | Wants a trial |
        LeadSource | source | Web | Web
        Status | | Open | Open
        NumberOfEmployees | employees | 25 | 200
        AnnualRevenue | | 1000000 |
        OwnerId | | 0051 | 0051
        HasOptedOutOfEmail | consent | true | false
        DoNotCall | | false | false
        CreatedDate | at | 2026-08-19T10:25:28.000+0000 | 2026-08-19T10:25:28.000+0000
        LastModifiedDate | | 2026-08-19T10:25:28.000+0000 | 2026-08-19T10:25:28.000+0000
        """,
    ),
    Layout(
        "salesforce_report",
        """
        Lead Owner | owner | Dana | Dana
        First Name | given | Ada | Ben
        Last Name | family | Lane | Moss
        Company / Account | company | A Inc | B LLC
        Lead: Email | mail | ada@a.example | ben@b.example
        Lead: Phone | phone | 206-555-0101 |
        State/Province (text only) | region | WA | TX
        Country (text only) | country | US | US
        Lead Source | source | Web | Web
        Rating | | Hot | Cold
        Create Date | at | 8/19/2026 | 8/20/2026
        Email Opt Out | consent | 1 | 0
        Lead ID | id | 00Q1 | 00Q2
        Lead Owner: Email | | dana@c.example | dana@c.example
        """,
    ),
    Layout(
        "salesforce_leads_ja",
        """
        リード ID | id | 00Q1 | 00Q2
        姓 | family | 山田 | 佐藤
        名 | given | 太郎 | 花子
        敬称 | | 様 | 様
        会社名 | company | 山田商事 | 佐藤工業
        役職 | title | 部長 | 課長
        都道府県 | region | 東京都 | 大阪府
        市区郡 | city | 千代田区 | 大阪市北区
        町名・番地 | address | 丸の内1-1 | 梅田6-1
        電話 | phone.1 | 03-1234-5678 |
        携帯電話 | phone.2 | | 090-1234-5678
        メール | mail | t@a.example | h@b.example
        Web サイト | website | https://a.example |
        リードソース | source | 展示会 | Web
        リード 状況 | | 新規 | 新規
        年間売上 | | 1000 | 2000
        リード 所有者 | owner | 営業 一郎 | 営業 一郎
        メール送信除外 | consent | 1 | 0
        最終更新日 | | 2026/10/05 | 2026/10/06
        作成日 | at | 2026/10/05 | 2026/10/06
        """,
    ),
    Layout(
        "pipedrive_people",
        """
        Person - ID | id | 7 | 8
        Person - Name | name | Ada Lane | Ben Moss
        Person - First name | given | Ada | Ben
        Person - Last name | family | Lane | Moss
        Person - Organization | company | A Inc | B LLC
        Person - Email - Work | mail.1 | ada@a.example | ben@b.example
        Person - Email - Home | mail.2 | | ben@home.example
        Person - Phone - Work | phone.1 | 206-555-0101 |
        Person - Phone - Mobile | phone.2 | | 206-555-0102
        Person - Owner | owner | Dana | Dana
        Person - Marketing status | consent | subscribed | no consent
        Person - Open deals | | 1 | 2
        Person - Person created | at | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        Organization - Address | address | 1 Main St | 2 Main St
        Organization - Country of Address | country | United States | United States
        """,
    ),
    Layout(
        "zoho_leads",
        """
        Record Id | id | zcrm_1 | zcrm_2
        Lead Owner | owner | Dana | Dana
        Lead Owner.id | | zcrm_9 | zcrm_9
        Company | company | A Inc | B LLC
        First Name | given | Ada | Ben
        Last Name | family | Lane | Moss
        Full Name | name | Ada Lane | Ben Moss
        Title | title | CEO | CTO
        Email | mail.1 | ada@a.example | ben@b.example
        Secondary Email | mail.2 | | ben@home.example
        Phone | phone.1 | 206-555-0101 |
        Mobile | phone.2 | | 206-555-0102
        No. of Employees | employees | 25 | 200
        Email Opt Out | consent | false | true
        Skype ID | | ada |
        Zip Code | zip | 98101 | 75201
        Description | message | Wants a trial |
        Created By | | Dana | Dana
        Created Time | at | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        Modified Time | | 2026-08-20 10:25:28 | 2026-08-20 10:25:28
        Lead Conversion Time | | 2 | 3
        """,
    ),
    Layout(
        "dynamics_leads",
        """
        (Do Not Modify) Lead | | 8a | 8b
        (Do Not Modify) Row Checksum | | x1 | x2
        Topic | request | Demo | Price
        Full Name | name | Ada Lane | Ben Moss
        Company Name | company | A Inc | B LLC
        Job Title | title | CEO | CTO
        Business Phone | phone.1 | 206-555-0101 |
        Mobile Phone | phone.2 | | 206-555-0102
        Email Address 1 | mail | ada@a.example | ben@b.example
        Do not allow Emails | consent | Allow | Do Not Allow
        Street 1 | address | 1 Main St | 2 Main St
        ZIP/Postal Code | zip | 98101 | 75201
        Status Reason | | New | New
        Owner | owner | Dana | Dana
        Created On | at | 8/19/2026 10:25 AM | 8/20/2026 10:25 AM
        """,
    ),
    Layout(
        "odoo_crm",
        """
        id | id | __export__.crm_lead_1 | __export__.crm_lead_2
        contact_name | name | Ada Lane | Ben Moss
        partner_name | company | A Inc | B LLC
        email_from | mail | ada@a.example | ben@b.example
        phone | phone.1 | 206-555-0101 |
        mobile | phone.2 | | 206-555-0102
        function | title | CEO | CTO
        street | address | 1 Main St | 2 Main St
        state_id/name | region | Washington | Texas
        country_id/name | country | United States | United States
        website | website | https://a.example |
        Salesperson | owner | Dana | Dana
        description | message | Wants a trial |
        create_date | at | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        """,
    ),
    Layout(
        "espocrm_leads",
        """
        id | id | 64a | 64b
        firstName | given | Ada | Ben
        lastName | family | Lane | Moss
        accountName | company | A Inc | B LLC
        emailAddress | mail | ada@a.example | ben@b.example
        emailAddressIsOptedOut | consent | false | true
        phoneNumber | phone | 206-555-0101 |
        addressStreet | address | 1 Main St | 2 Main St
        addressCity | city | Springfield | Springfield
        addressState | region | WA | TX
        addressCountry | country | US | US
        addressPostalCode | zip | 98101 | 75201
        status | | New | New
        assignedUserName | owner | Dana | Dana
        createdAt | at | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        modifiedAt | | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        """,
    ),
    Layout(
        "mautic_contacts",
        """
        title | | Mr. | Ms.
        firstname | given | Ada | Ben
        lastname | family | Lane | Moss
        company | company | A Inc | B LLC
        position | title | CEO | CTO
        email | mail | ada@a.example | ben@b.example
        mobile | phone.2 | | 206-555-0102
        phone | phone.1 | 206-555-0101 |
        points | | 10 | 20
        address1 | address | 1 Main St | 2 Main St
        address2 | | Floor 2 |
        zipcode | zip | 98101 | 75201
        country | country | United States | United States
        preferred_locale | language | en | en
        dateAdded | at | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        """,
    ),
    Layout(
        "mailchimp_audience",
        """
        Email Address | mail | ada@a.example | ben@b.example
        First Name | given | Ada | Ben
        Last Name | family | Lane | Moss
        Company | company | A Inc | B LLC
        MEMBER_RATING | | 2 | 3
        OPTIN_TIME | | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        OPTIN_IP | | 192.0.2.1 | 192.0.2.2
        CONFIRM_TIME | | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        TIMEZONE | timezone | America/New_York | America/New_York
        CC | country | US | US
        LEID | | 1 | 2
        NOTES | message | Met at booth 12 |
        """,
    ),
    Layout(
        "linkedin_lead_gen",
        """
        Lead ID | id | 71 | 72
        First Name | given | Ada | Ben
        Last Name | family | Lane | Moss
        Email Address | mail.1 | ada@home.example | ben@home.example
        Work Email | mail.2 | ada@a.example | ben@b.example
        Phone Number | phone | 206-555-0101 |
        Job Title | title | CEO | CTO
        Company Name | company | A Inc | B LLC
        Company Size | employees | 11-50 | 51-200
        Country/Region | country | US | US
        Form Name | | Demo | Demo
        Campaign Name | campaign | Q4 | Q4
        Ad Name | | Video 1 | Video 2
        Lead Created Time | at | 2026-08-19 10:25 | 2026-08-19 10:25
        Is Test Lead | | false | false
        """,
    ),
    Layout(
        "meta_lead_ads",
        """
        id | id | l:1 | l:2
        created_time | at | 2026-08-19T10:25:28+09:00 | 2026-08-19T10:25:28+09:00
        ad_id | | ag:1 | ag:2
        campaign_name | campaign | Q4 | Q4
        form_id | | f:1 | f:1
        is_organic | | false | true
        platform | | fb | ig
        what_is_your_company_size? | employees | 11-50 | 51-200
        when_do_you_plan_to_start? | timeframe | now | later
        would_you_like_to_receive_our_newsletter? | consent | yes | no
        full_name | name | Ada Lane | Ben Moss
        work_email | mail | ada@a.example | ben@b.example
        work_phone_number | phone | p:+12065550101 | p:+12065550102
        company_name | company | A Inc | B LLC
        lead_status | | CREATED | CREATED
        """,
    ),
    Layout(
        "google_forms_en",
        """
        Timestamp | at | 8/19/2026 10:25:28 | 8/20/2026 10:25:28
        Email Address | mail | ada@a.example | ben@b.example
        What is your full name? | name | Ada Lane | Ben Moss
        What's your company's name? | company | A Inc | B LLC
        What is your role? | title | CEO | CTO
        Which country are you based in? | country | US | Canada
        How many employees does your company have? | employees | 11-50 | 51-200
        How did you hear about us? | source | A friend | Search
        How can we help you? | message | Wants a trial |
        I agree to receive marketing emails | consent | Yes | No
        I have read the privacy policy | | Yes | Yes
        """,
    ),
    Layout(
        "google_forms_ja",
        """
        タイムスタンプ | at | 2026/09/02 4:40:47 午後 GMT+9 | 2026/09/03 4:40:47 午後 GMT+9
        お名前を入力してください | name | 山田 太郎 | 佐藤 花子
        ふりがなを入力してください | kana | やまだ たろう | さとう はなこ
        貴社名を教えてください。 | company | 山田商事 | 佐藤工業
        ご所属の部署名をご記入ください | department | 営業部 | 総務部
        ご連絡先メールアドレス | mail | t@a.example | h@b.example
        日中ご連絡のつくお電話番号 | phone | 03-1234-5678 |
        貴社の従業員数をお選びください（必須） | employees | 11〜50名 | 51〜300名
        ご興味のある製品（複数選択可） | product | MA;SFA | MA
        導入時期はいつ頃をお考えですか？ | timeframe | 3か月以内 | 未定
        ご質問・ご要望をお聞かせください | message | 資料をください。 |
        今後、メールでのご案内を希望しますか？ | consent | 希望する | 希望しない
        個人情報の取り扱いに同意しますか | | 同意する | 同意する
        """,
    ),
    Layout(
        "sansan_cards",
        """
        会社名 | company | 山田商事株式会社 | 佐藤工業株式会社
        部署名 | department | 営業部 | 総務部
        役職 | title | 部長 | 課長
        姓 | family | 山田 | 佐藤
        名 | given | 太郎 | 花子
        e-mail | mail | t@a.example | h@b.example
        郵便番号 | zip | 1000001 | 5300001
        住所 | address | 東京都千代田区丸の内1-1 | 大阪府大阪市北区梅田6-1
        TEL | phone.2 | 03-1234-5678 | 06-1234-5678
        FAX | | |
        携帯電話 | phone.1 | 090-1234-5678 |
        URL | website | https://a.example |
        名刺交換日 | | 2026/01/13 | 2026/01/14
        名刺所有者 | owner | 営業 一郎 | 営業 一郎
        タグ | | 展示会 |
        """,
    ),
    Layout(
        "kintone_app",
        """
        レコード番号 | id | 1 | 2
        作成日時 | at | 2026/10/05 13:04 | 2026/10/06 13:04
        作成者 | | admin@c.example | admin@c.example
        更新者 | | admin@c.example | admin@c.example
        更新日時 | | 2026/10/05 13:04 | 2026/10/06 13:04
        顧客名 | company | 山田商事株式会社 | 佐藤工業株式会社
        部署 | department | 営業部 | 総務部
        先方担当者 | name | 山田 太郎 | 佐藤 花子
        メールアドレス | mail | t@a.example | h@b.example
        TEL | phone | 03-1234-5678 |
        自社担当者 | owner | 営業 一郎 | 営業 一郎
        備考 | message | 資料送付済み |
        """,
    ),
    Layout(
        "spreadsheet_ja",
        """
        No. | | 1 | 2
        会社名 | company | 山田商事 | 佐藤工業
        担当者 | name | 山田 太郎 | 佐藤 花子
        部署・役職 | | 営業部 部長 | 総務部
        TEL | phone.1 | 03-1234-5678 |
        携帯 | phone.2 | | 090-1234-5678
        メール | mail | t@a.example | h@b.example
        ステータス | | 商談中 | 新規
        次回アクション | | 電話 | メール
        営業担当 | owner | 営業 一郎 | 営業 一郎
        """,
    ),
    Layout(
        "spreadsheet_ja_owner",
        """
        企業名 | company | 山田商事 | 佐藤工業
        氏名 | name | 山田 太郎 | 佐藤 花子
        担当者 | owner | 営業 一郎 | 営業 一郎
        連絡先 | mail | t@a.example | h@b.example
        アドレス | address | 東京都千代田区丸の内1-1 | 大阪府大阪市北区梅田6-1
        獲得日 | at | 2026/10/05 | 2026/10/06
        流入経路 | source | 展示会 | Web
        """,
    ),
    Layout(
        "bilingual",
        """
        会社名 / Company | company | 山田商事 | 佐藤工業
        氏名(Name) | name | 山田 太郎 | 佐藤 花子
        Title 役職 | title | 部長 | 課長
        E-mail（メールアドレス） | mail | t@a.example | h@b.example
        電話 Phone | phone | 03-1234-5678 |
        国/Country | country | 日本 | 日本
        担当 / Owner | owner | 営業 一郎 | 営業 一郎
        備考 (Remarks) | message | 資料送付済み |
        日付 Date | at | 2026/10/05 | 2026/10/06
        """,
    ),
    Layout(
        "outlook_contacts",
        """
        Title | | Mr. | Ms.
        First Name | given | Ada | Ben
        Middle Name | | |
        Last Name | family | Lane | Moss
        Company | company | A Inc | B LLC
        Department | department | Sales | IT
        Job Title | title | CEO | CTO
        Business Street | address | 1 Main St | 2 Main St
        Business City | city | Springfield | Springfield
        Business State | region | WA | TX
        Business Postal Code | zip | 98101 | 75201
        Business Country/Region | country | USA | USA
        Home City | | |
        Business Fax | | |
        Business Phone | phone.1 | 206-555-0101 |
        Home Phone | phone.3 | |
        Mobile Phone | phone.2 | | 206-555-0102
        E-mail Address | mail.1 | ada@a.example | ben@b.example
        E-mail Type | | SMTP | SMTP
        E-mail Display Name | | Ada Lane (ada@a.example) | Ben Moss (ben@b.example)
        E-mail 2 Address | mail.2 | | ben@home.example
        Notes | message | Met at booth 12 |
        Web Page | website | https://a.example |
        """,
    ),
    Layout(
        "outlook_contacts_ja",
        """
        姓 | family | 山田 | 佐藤
        名 | given | 太郎 | 花子
        フリガナ (姓) | | ヤマダ | サトウ
        フリガナ (名) | | タロウ | ハナコ
        会社名 | company | 山田商事 | 佐藤工業
        会社名フリガナ | | ヤマダショウジ | サトウコウギョウ
        番地 (会社) | address | 丸の内1-1 | 梅田6-1
        市町村 (会社) | city | 千代田区 | 大阪市北区
        都道府県 (会社) | region | 東京都 | 大阪府
        郵便番号 (会社) | zip | 100-0001 | 530-0001
        国/地域 (会社) | country | 日本 | 日本
        会社 FAX | | |
        会社電話 | phone.2 | 03-1234-5678 |
        携帯電話 | phone.1 | | 090-1234-5678
        電子メール アドレス | mail | t@a.example | h@b.example
        電子メール表示名 | | 山田 太郎 (t@a.example) | 佐藤 花子 (h@b.example)
        メモ | message | 展示会 |
        """,
    ),
    Layout(
        "google_contacts",
        """
        First Name | given | Ada | Ben
        Middle Name | | |
        Last Name | family | Lane | Moss
        Phonetic First Name | | |
        Organization Name | company | A Inc | B LLC
        Organization Title | title | CEO | CTO
        Organization Department | department | Sales | IT
        Notes | message | Met at booth 12 |
        Labels | | * myContacts | * myContacts
        E-mail 1 - Label | | Work | Work
        E-mail 1 - Value | mail.1 | ada@a.example | ben@b.example
        E-mail 2 - Value | mail.2 | | ben@home.example
        Phone 1 - Label | | Mobile | Work
        Phone 1 - Value | phone | 206-555-0101 | 206-555-0102
        Address 1 - Street | address | 1 Main St | 2 Main St
        Address 1 - City | city | Springfield | Springfield
        Address 1 - Postal Code | zip | 98101 | 75201
        Address 1 - Country | country | US | US
        """,
    ),
    Layout(
        "spreadsheet_de",
        """
        Anrede | | Herr | Frau
        Namenszusatz | | Dr. |
        Vorname | given | Jörg | Anna
        Name | family | Müller | Groß
        Firma | company | A GmbH | B AG
        Position | title | Leiter | Leiterin
        Straße | address | Hauptstr. 1 | Ring 2
        PLZ | zip | 10115 | 80331
        Ort | city | Berlin | München
        Land | country | DE | DE
        Telefon | phone.1 | 030 23125001 |
        Handy | phone.2 | | 0151 23125001
        E-Mail-Adresse | mail | joerg@a.example | anna@b.example
        Wirtschaftszweig | industry | IT | Chemie
        Mitarbeiterzahl | employees | 1.200 | 50
        Newsletter | consent | ja | nein
        Bemerkung | message | Bitte um Rückruf |
        Zuständig | owner | Dana | Dana
        Eingangsdatum | at | 05.10.2026 | 06.10.2026
        """,
    ),
    Layout(
        "contact_form_7",
        """
        your-name | name | Ada Lane | Ben Moss
        your-email | mail | ada@a.example | ben@b.example
        your-company | company | A Inc | B LLC
        your-tel | phone | 206-555-0101 |
        your-subject | request | Demo | Price
        your-message | message | Wants a trial |
        acceptance-privacy | | 1 | 1
        Date | at | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        """,
    ),
    Layout(
        "gravity_forms",
        """
        Name (First) | given | Ada | Ben
        Name (Last) | family | Lane | Moss
        Company Name | company | A Inc | B LLC
        Email | mail | ada@a.example | ben@b.example
        Address (Street Address) | address | 1 Main St | 2 Main St
        Address (City) | city | Springfield | Springfield
        Address (State / Province) | region | WA | TX
        Address (ZIP / Postal Code) | zip | 98101 | 75201
        Address (Country) | country | US | US
        Comments | message | Wants a trial |
        Entry Id | id | 1 | 2
        Entry Date | at | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        User Agent | | Mozilla/5.0 | Mozilla/5.0
        User IP | | 192.0.2.1 | 192.0.2.2
        """,
    ),
    Layout(
        "typeform",
        """
        # | | a1 | a2
        Hi! What's your name? | | Ada Lane | Ben Moss
        What's your email address? | mail | ada@a.example | ben@b.example
        What's your phone number? | phone | 206-555-0101 |
        Which industry do you work in? | industry | Software | Retail
        What is your budget? | budget | 10k | 20k
        Start Date (UTC) | | 2026-08-19 10:25:28 | 2026-08-19 10:25:28
        Submit Date (UTC) | at | 2026-08-19 10:26:28 | 2026-08-19 10:26:28
        Network ID | | n1 | n2
        """,
    ),
    Layout(
        "webinar_report",
        """
        Attended | | Yes | No
        First Name | given | Ada | Ben
        Last Name | family | Lane | Moss
        Email | mail | ada@a.example | ben@b.example
        City | city | Springfield | Springfield
        Country/Region Name | country | US | US
        Organization | company | A Inc | B LLC
        Job Title | title | CEO | CTO
        Registration Time | at | 08/19/2026 10:25:28 AM | 08/20/2026 10:25:28 AM
        Approval Status | | approved | approved
        Time in Session (minutes) | | 52 | --
        Questions & Comments | message | Is it recorded? |
        """,
    ),
    Layout(
        "enriched_list",
        """
        First Name | given | Ada | Ben
        Last Name | family | Lane | Moss
        Title | title | CEO | CTO
        Company | company | A Inc | B LLC
        Email | mail | ada@a.example | ben@b.example
        Email Status | | Verified | Guessed
        Seniority | | C suite | VP
        Work Direct Phone | phone.1 | 206-555-0101 |
        Mobile Phone | phone.2 | | 206-555-0102
        Corporate Phone | phone.3 | 206-555-0103 | 206-555-0104
        # Employees | employees | 25 | 200
        Industry | industry | Software | Retail
        Person Linkedin Url | | https://l.example/ada | https://l.example/ben
        Website | website | https://a.example | https://b.example
        Company Linkedin Url | | https://l.example/a | https://l.example/b
        City | city | Springfield | Springfield
        State | region | Washington | Texas
        Country | country | United States | United States
        Company City | | Springfield | Springfield
        Annual Revenue | | 1000000 |
        """,
    ),
    Layout(
        "shop_customers",
        """
        Customer ID | id | 1 | 2
        First Name | given | Ada | Ben
        Last Name | family | Lane | Moss
        Email | mail | ada@a.example | ben@b.example
        Accepts Email Marketing | consent | yes | no
        Accepts SMS Marketing | | no | no
        Default Address Company | company | A Inc | B LLC
        Default Address Address1 | address | 1 Main St | 2 Main St
        Default Address City | city | Springfield | Springfield
        Default Address Province Code | region | WA | TX
        Default Address Country Code | country | US | US
        Default Address Zip | zip | 98101 | 75201
        Phone | phone.1 | 206-555-0101 |
        Total Spent | | 10.00 | 20.00
        Note | message | Likes tea |
        """,
    ),
    Layout(
        "exhibition_leads_ja",
        """
        来場日時 | at | 2026/10/05 13:04 | 2026/10/06 13:04
        バーコードID | | 1001 | 1002
        来場者氏名 | name | 山田 太郎 | 佐藤 花子
        勤務先名 | company | 山田商事 | 佐藤工業
        所属部署 | department | 営業部 | 総務部
        役職名 | title | 部長 | 課長
        〒 | zip | 100-0001 | 530-0001
        勤務先住所 | address | 東京都千代田区丸の内1-1 | 大阪府大阪市北区梅田6-1
        勤務先電話番号 | phone | 03-1234-5678 | 06-1234-5678
        E-MAIL | mail | t@a.example | h@b.example
        業種 | industry | 商社 | 製造
        従業員規模 | employees | 11〜50名 | 51〜300名
        導入への関与 | decision_role | 決裁者 | 担当
        導入時期 | timeframe | 3か月以内 | 未定
        ヒアリング内容 | message | 価格を知りたい |
        対応者 | owner | 営業 一郎 | 営業 一郎
        """,
    ),
    Layout(
        "inquiry_form_ja",
        """
        受付番号 | id | 1001 | 1002
        受付日時 | at | 2026-10-05 13:04:22 | 2026-10-06 13:04:22
        お問い合わせ種別 | request | 見積 | 資料請求
        貴社名【必須】 | company | 山田商事 | 佐藤工業
        ご担当者名【必須】 | name | 山田 太郎 | 佐藤 花子
        ご担当者名（フリガナ） | kana | ヤマダ タロウ | サトウ ハナコ
        部署名 | department | 営業部 | 総務部
        メールアドレス【必須】 | mail.1 | t@a.example | h@b.example
        メールアドレス（確認用） | mail.2 | t@a.example | h@b.example
        お電話番号【必須】 | phone | 03-1234-5678 | 06-1234-5678
        都道府県 | region | 東京都 | 大阪府
        お問い合わせ内容【必須】 | message | 見積をください。 | 資料をください。
        メールマガジンの配信を希望する | consent | はい | いいえ
        プライバシーポリシーに同意する | | 同意する | 同意する
        IPアドレス | | 192.0.2.1 | 192.0.2.2
        """,
    ),
    Layout(
        "login_export",
        """
        uid | | 1 | 2
        Login | mail | ada@a.example | ben@b.example
        Name | name | Ada Lane | Ben Moss
        Org | company | A Inc | B LLC
        Referred by (email) | | x@c.example | y@c.example
        Opt-out date | consent | 2026-08-19 |
        """,
    ),
]


def _columns(layout: Layout) -> list[tuple[str, str, list[str]]]:
    rows = [
        [part.strip() for part in line.split("|")]
        for line in layout.lines.splitlines()
        if line.strip()
    ]
    return [(header, field, [cell for cell in cells if cell]) for header, field, *cells in rows]


def _wanted(layout: Layout) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return field by header, and of fields with several columns these in order."""
    fields: dict[str, str] = {}
    several: dict[str, dict[str, str]] = {}
    for header, wanted, _ in _columns(layout):
        short, _, number = wanted.partition(".")
        if field := F.get(short, short):
            fields[header] = field
            if number:
                several.setdefault(field, {})[number] = header
    return fields, {
        field: [places[key] for key in sorted(places)] for field, places in several.items()
    }


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.name for layout in LAYOUTS])
def test_layout_is_mapped(layout: Layout) -> None:
    columns = _columns(layout)
    samples = {header: cells for header, _, cells in columns}
    mapped = decide_mapping([header for header, *_ in columns], fixed={}, samples=samples)
    fields, several = _wanted(layout)
    assert mapped.fields == fields
    for field, headers in several.items():
        assert [header for header, found in mapped.fields.items() if found == field] == headers


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.name for layout in LAYOUTS])
def test_layout_finds_its_addresses_also_without_a_row(layout: Layout) -> None:
    headers = [header for header, *_ in _columns(layout)]
    without = decide_mapping(headers, fixed={}).fields
    found = [header for header, field in without.items() if field == "email"]
    fields, _ = _wanted(layout)
    certain = [header for header, field in fields.items() if field == "email"]
    assert found == certain or layout.name in {"spreadsheet_ja_owner", "login_export"}

"""Countries and states as people write them, as codes: one table each, read by every rule.

Countries are those of ISO 3166-1 (alpha-2, alpha-3, then names), without the user-assigned codes, and Kosovo's usual
one. States are those of ISO 3166-2 for the United States (with the territories and the military addresses of the US
Postal Service, Publication 28, appendix B) and Canada.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import polars as pl

_COUNTRIES = """
AD AND Andorra; AE ARE United Arab Emirates|UAE|Emirates; AF AFG Afghanistan; AG ATG Antigua and Barbuda|Antigua;
AI AIA Anguilla; AL ALB Albania; AM ARM Armenia; AO AGO Angola; AQ ATA Antarctica; AR ARG Argentina|Argentine Republic;
AS ASM American Samoa; AT AUT Austria|Österreich|Oesterreich; AU AUS Australia; AW ABW Aruba;
AX ALA Aland Islands|Aland; AZ AZE Azerbaijan; BA BIH Bosnia and Herzegovina|Bosnia|Bosnia Herzegovina;
BB BRB Barbados; BD BGD Bangladesh; BE BEL Belgium|België|Belgique|Belgien; BF BFA Burkina Faso; BG BGR Bulgaria;
BH BHR Bahrain; BI BDI Burundi; BJ BEN Benin; BL BLM Saint Barthélemy; BM BMU Bermuda;
BN BRN Brunei Darussalam|Brunei; BO BOL Bolivia|Plurinational State of Bolivia;
BQ BES Bonaire, Sint Eustatius and Saba|Caribbean Netherlands|Bonaire; BR BRA Brazil|Brasil; BS BHS Bahamas;
BT BTN Bhutan; BV BVT Bouvet Island; BW BWA Botswana; BY BLR Belarus; BZ BLZ Belize; CA CAN Canada|Dominion of Canada;
CC CCK Cocos (Keeling) Islands|Cocos Islands|Keeling Islands;
CD COD Democratic Republic of the Congo|Congo Kinshasa|DR Congo|DRC|Congo (Kinshasa)|Congo (Dem. Rep.);
CF CAF Central African Republic; CG COG Congo|Republic of the Congo|Congo Brazzaville|Congo (Brazzaville)|Congo (Rep.);
CH CHE Switzerland|Swiss Confederation|Schweiz|Suisse|Svizzera; CI CIV Côte d'Ivoire|Ivory Coast; CK COK Cook Islands;
CL CHL Chile; CM CMR Cameroon; CN CHN China|People's Republic of China|PRC|Mainland China; CO COL Colombia;
CR CRI Costa Rica; CU CUB Cuba; CV CPV Cabo Verde|Cape Verde; CW CUW Curaçao; CX CXR Christmas Island;
CY CYP Cyprus; CZ CZE Czechia|Czech Republic|Cesko; DE DEU Germany|Federal Republic of Germany|Deutschland;
DJ DJI Djibouti; DK DNK Denmark|Danmark; DM DMA Dominica; DO DOM Dominican Republic; DZ DZA Algeria; EC ECU Ecuador;
EE EST Estonia|Eesti; EG EGY Egypt|Arab Republic of Egypt; EH ESH Western Sahara; ER ERI Eritrea;
ES ESP Spain|Kingdom of Spain|España; ET ETH Ethiopia; FI FIN Finland|Suomi; FJ FJI Fiji;
FK FLK Falkland Islands|Falkland Islands (Malvinas)|Malvinas;
FM FSM Federated States of Micronesia|Micronesia; FO FRO Faroe Islands|Faroes;
FR FRA France|French Republic|Metropolitan France; GA GAB Gabon;
GB GBR United Kingdom|UK|United Kingdom of Great Britain and Northern Ireland|Great Britain|Britain|England|Scotland|
Wales|Northern Ireland; GD GRD Grenada; GE GEO Georgia; GF GUF French Guiana; GG GGY Guernsey; GH GHA Ghana;
GI GIB Gibraltar; GL GRL Greenland; GM GMB Gambia; GN GIN Guinea; GP GLP Guadeloupe; GQ GNQ Equatorial Guinea;
GR GRC Greece|Hellas|EL|Hellenic Republic; GS SGS South Georgia and the South Sandwich Islands|South Georgia;
GT GTM Guatemala; GU GUM Guam; GW GNB Guinea-Bissau; GY GUY Guyana; HK HKG Hong Kong|Hong Kong SAR|Hong Kong SAR China;
HM HMD Heard Island and McDonald Islands; HN HND Honduras; HR HRV Croatia|Hrvatska; HT HTI Haiti;
HU HUN Hungary|Magyarország; ID IDN Indonesia; IE IRL Ireland|Republic of Ireland|Éire; IL ISR Israel;
IM IMN Isle of Man; IN IND India|Republic of India|Bharat; IO IOT British Indian Ocean Territory; IQ IRQ Iraq;
IR IRN Iran|Islamic Republic of Iran; IS ISL Iceland|Ísland; IT ITA Italy|Italian Republic|Italia; JE JEY Jersey;
JM JAM Jamaica; JO JOR Jordan; JP JPN Japan|Nippon; KE KEN Kenya; KG KGZ Kyrgyzstan|Kyrgyz Republic; KH KHM Cambodia;
KI KIR Kiribati; KM COM Comoros; KN KNA Saint Kitts and Nevis|Saint Kitts;
KP PRK North Korea|Democratic People's Republic of Korea|DPRK|Korea (North);
KR KOR South Korea|Republic of Korea|Korea|Korea (South); KW KWT Kuwait; KY CYM Cayman Islands; KZ KAZ Kazakhstan;
LA LAO Laos|Lao People's Democratic Republic|Lao PDR; LB LBN Lebanon; LC LCA Saint Lucia; LI LIE Liechtenstein;
LK LKA Sri Lanka; LR LBR Liberia; LS LSO Lesotho; LT LTU Lithuania|Lietuva; LU LUX Luxembourg|Luxemburg;
LV LVA Latvia|Latvija; LY LBY Libya|Libyan Arab Jamahiriya; MA MAR Morocco; MC MCO Monaco;
MD MDA Moldova|Republic of Moldova; ME MNE Montenegro; MF MAF Saint Martin|Saint Martin (French part);
MG MDG Madagascar; MH MHL Marshall Islands; MK MKD North Macedonia|Macedonia|FYROM; ML MLI Mali;
MM MMR Myanmar|Burma; MN MNG Mongolia; MO MAC Macao|Macau|Macao SAR|Macau SAR China|Macao SAR China;
MP MNP Northern Mariana Islands; MQ MTQ Martinique; MR MRT Mauritania; MS MSR Montserrat; MT MLT Malta;
MU MUS Mauritius; MV MDV Maldives; MW MWI Malawi; MX MEX Mexico|United Mexican States; MY MYS Malaysia;
MZ MOZ Mozambique; NA NAM Namibia; NC NCL New Caledonia; NE NER Niger; NF NFK Norfolk Island; NG NGA Nigeria;
NI NIC Nicaragua; NL NLD Netherlands|Kingdom of the Netherlands|Holland|Nederland; NO NOR Norway|Norge;
NP NPL Nepal; NR NRU Nauru; NU NIU Niue; NZ NZL New Zealand|Aotearoa; OM OMN Oman; PA PAN Panama; PE PER Peru;
PF PYF French Polynesia; PG PNG Papua New Guinea; PH PHL Philippines|Republic of the Philippines; PK PAK Pakistan;
PL POL Poland|Polska; PM SPM Saint Pierre and Miquelon; PN PCN Pitcairn|Pitcairn Islands; PR PRI Puerto Rico;
PS PSE Palestine|State of Palestine|Palestinian Territories|Palestinian Territory;
PT PRT Portugal|Portuguese Republic; PW PLW Palau; PY PRY Paraguay; QA QAT Qatar; RE REU Réunion;
RO ROU Romania; RS SRB Serbia; RU RUS Russia|Russian Federation; RW RWA Rwanda;
SA SAU Saudi Arabia|Kingdom of Saudi Arabia|KSA; SB SLB Solomon Islands; SC SYC Seychelles; SD SDN Sudan;
SE SWE Sweden|Sverige; SG SGP Singapore; SH SHN Saint Helena, Ascension and Tristan da Cunha|Saint Helena;
SI SVN Slovenia|Slovenija; SJ SJM Svalbard and Jan Mayen|Svalbard; SK SVK Slovakia|Slovak Republic|Slovensko;
SL SLE Sierra Leone; SM SMR San Marino; SN SEN Senegal; SO SOM Somalia; SR SUR Suriname; SS SSD South Sudan;
ST STP Sao Tome and Principe; SV SLV El Salvador; SX SXM Sint Maarten|Sint Maarten (Dutch part)|Saint Maarten;
SY SYR Syria|Syrian Arab Republic; SZ SWZ Eswatini|Swaziland; TC TCA Turks and Caicos Islands|Turks and Caicos;
TD TCD Chad; TF ATF French Southern Territories; TG TGO Togo; TH THA Thailand; TJ TJK Tajikistan; TK TKL Tokelau;
TL TLS Timor-Leste|East Timor; TM TKM Turkmenistan; TN TUN Tunisia; TO TON Tonga; TR TUR Türkiye|Turkey;
TT TTO Trinidad and Tobago|Trinidad; TV TUV Tuvalu; TW TWN Taiwan|Republic of China|Taiwan, Province of China;
TZ TZA Tanzania|United Republic of Tanzania; UA UKR Ukraine; UG UGA Uganda;
UM UMI United States Minor Outlying Islands|US Minor Outlying Islands|US Outlying Islands;
US USA United States|United States of America|America|Estados Unidos; UY URY Uruguay; UZ UZB Uzbekistan;
VA VAT Holy See|Vatican City|Vatican|Vatican City State|Holy See (Vatican City State);
VC VCT Saint Vincent and the Grenadines|Saint Vincent; VE VEN Venezuela|Bolivarian Republic of Venezuela;
VG VGB British Virgin Islands|Virgin Islands (British);
VI VIR US Virgin Islands|United States Virgin Islands|Virgin Islands (US); VN VNM Vietnam|Viet Nam; VU VUT Vanuatu;
WF WLF Wallis and Futuna; WS WSM Samoa; XK XKX Kosovo; YE YEM Yemen; YT MYT Mayotte;
ZA ZAF South Africa|Republic of South Africa|RSA; ZM ZMB Zambia; ZW ZWE Zimbabwe
"""

_STATES = """
AL Alabama|Ala; AK Alaska; AZ Arizona|Ariz; AR Arkansas|Ark; CA California|Calif|Cal; CO Colorado|Colo;
CT Connecticut|Conn; DE Delaware|Del; DC District of Columbia|Washington DC; FL Florida|Fla; GA Georgia; HI Hawaii;
ID Idaho; IL Illinois|Ill; IN Indiana|Ind; IA Iowa; KS Kansas|Kan; KY Kentucky; LA Louisiana; ME Maine; MD Maryland;
MA Massachusetts|Mass; MI Michigan|Mich; MN Minnesota|Minn; MS Mississippi|Miss; MO Missouri; MT Montana|Mont;
NE Nebraska|Neb; NV Nevada|Nev; NH New Hampshire; NJ New Jersey; NM New Mexico; NY New York|New York State;
NC North Carolina; ND North Dakota; OH Ohio; OK Oklahoma|Okla; OR Oregon|Ore; PA Pennsylvania|Penn; RI Rhode Island;
SC South Carolina; SD South Dakota; TN Tennessee|Tenn; TX Texas|Tex; UT Utah; VT Vermont; VA Virginia;
WA Washington|Wash|Washington State; WV West Virginia; WI Wisconsin|Wis; WY Wyoming|Wyo; AS American Samoa; GU Guam;
MP Northern Mariana Islands; PR Puerto Rico; VI US Virgin Islands|Virgin Islands;
AA Armed Forces Americas; AE Armed Forces Europe; AP Armed Forces Pacific
"""

_PROVINCES = """
AB Alberta|Alta; BC British Columbia; MB Manitoba|Man; NB New Brunswick;
NL Newfoundland and Labrador|Newfoundland|Labrador|NF; NS Nova Scotia; NT Northwest Territories; NU Nunavut;
ON Ontario|Ont; PE Prince Edward Island|PEI; QC Québec|PQ|Que; SK Saskatchewan|Sask; YT Yukon|Yukon Territory
"""


_INVERTED = re.compile(r"([^,(]+)[,(](.+)", re.DOTALL)  # Korea, Republic of; Iran (Islamic Republic of)


def country_code(text: str) -> str | None:
    """ISO 3166-1 alpha-2 code of a country's code or name, in whatever case, accents and dots; None when unknown.

    >>> country_code("U.S."), country_code("Korea, Republic of"), country_code("the netherlands")
    ('US', 'KR', 'NL')
    """
    return _CODES.get(_plain(text)) or _CODES.get(_plain(_INVERTED.sub(r"\2 \1", text)))


def state_code(country: str, text: str) -> str | None:
    """Two-letter code of a state of the US or a province of CA, by code or name; None when unknown."""
    return _STATE_CODES[country].get(_plain(text))


def as_country(text: pl.Expr) -> pl.Expr:
    """Country codes of a column of text, null when unknown."""
    return _translate(text, country_code)


def as_state(text: pl.Expr, country: pl.Expr) -> pl.Expr:
    """State codes in the US and CA (null when there is no such state), elsewhere the text as it came."""
    states = pl.when(country == "US").then(_translate(text, lambda name: state_code("US", name)))
    return states.when(country == "CA").then(_translate(text, lambda name: state_code("CA", name))).otherwise(text)


def _translate(text: pl.Expr, code_of: Callable[[str], str | None]) -> pl.Expr:
    # Each spelling is looked up once, however many rows have it.
    def translate(column: pl.Series) -> pl.Series:
        spellings = column.unique().drop_nulls()
        codes = pl.Series([code_of(spelling) for spelling in spellings], dtype=pl.String)
        return column.replace_strict(spellings, codes, default=None, return_dtype=pl.String)

    return text.map_batches(translate, return_dtype=pl.String)


def _plain(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    joined = re.sub("[.'\N{RIGHT SINGLE QUOTATION MARK}]", "", bare.casefold().replace("&", " and "))
    words = re.sub(r"[\W_]+", " ", joined).split()
    kept = ["saint" if word in ("st", "ste") else word for word in words]
    return " ".join(kept[1:] if kept[:1] == ["the"] else kept)


def _spellings(table: str, codes: int) -> dict[str, str]:
    """Every spelling of a table's entries: as many codes as stated, then names; the first code is the one given out."""
    found: dict[str, str] = {}
    for entry in table.replace("\n", " ").split(";"):
        *stated, names = entry.split(None, codes)
        found |= {_plain(spelling): stated[0] for spelling in (*stated, *names.split("|"))}
    return found


_CODES = _spellings(_COUNTRIES, 2)
_STATE_CODES = {"US": _spellings(_STATES, 1), "CA": _spellings(_PROVINCES, 1)}

"""Test cards that do nothing but succeed: by brand, and by country.

Source: Stripe documentation, "Testing" (cards by brand, cards by country).
"""

from typing import Final

from local.stripe_emulator.card_rows import TestCard, ThreeDSecure

_N = ThreeDSecure.NOT_SUPPORTED
BRANDS: Final = (
    TestCard("visa", "4242424242424242"),
    TestCard("visa_debit", "4000056655665556", funding="debit"),
    TestCard("visa_alternative", "4012888888881881"),
    TestCard("visa_1111", "4111111111111111"),
    TestCard("mastercard", "5555555555554444", "mastercard"),
    TestCard("mastercard_2series", "2223003122003222", "mastercard"),
    TestCard("mastercard_debit", "5200828282828210", "mastercard", "debit"),
    TestCard("mastercard_prepaid", "5105105105105100", "mastercard", "prepaid"),
    TestCard("amex", "378282246310005", "amex", three_d_secure=_N),
    TestCard("amex_alternative", "371449635398431", "amex", three_d_secure=_N),
    TestCard("discover", "6011111111111117", "discover"),
    TestCard("discover_alternative", "6011000990139424", "discover"),
    TestCard("discover_debit", "6011981111111113", "discover", "debit"),
    TestCard("diners", "3056930009020004", "diners", three_d_secure=_N),
    TestCard("diners_14digits", "36227206271667", "diners", three_d_secure=_N),
    TestCard("bccard", "6555900000604105", "discover", three_d_secure=_N),
    TestCard("jcb", "3566002020360505", "jcb", three_d_secure=_N),
    TestCard("unionpay", "6200000000000005", "unionpay", country="CN", three_d_secure=_N),
    TestCard("unionpay_debit", "6200000000000047", "unionpay", "debit", "CN", _N),
    TestCard("unionpay_19digits", "6205500000000000004", "unionpay", "credit", "CN", _N),
    TestCard("diners_alternative", "30569309025904", "diners", three_d_secure=_N),
    TestCard("diners_alternative_2", "38520000023237", "diners", three_d_secure=_N),
    TestCard("jcb_alternative", "3530111333300000", "jcb", country="JP", three_d_secure=_N),
    TestCard(
        "debit_visaFsaProductCode",
        "4000051230000072",
        funding="debit",
        aliases=("debit_visaHsaProductCode",),
    ),
    TestCard(
        "mastercard_debit_mastercardFsaProductCode", "5200828282828897", "mastercard", "debit"
    ),
)

_VISA_BY_COUNTRY = """
ar 4000000320000021
br 4000000760000002
ca 4000001240000000
cl 4000001520000001
co 4000001700000003
cr 4000001880000005
ec 4000002180000000
mx 4000004840008001
pa 4000005910000000
py 4000006000000066
pe 4000006040000068
uy 4000008580000003
ae 4000007840000001
at 4000000400000008
be 4000000560000004
bg 4000001000000000
by 4000001120000005
hr 4000001910000009
cy 4000001960000008
cz 4000002030000002
dk 4000002080000001
ee 4000002330000009
fi 4000002460000001
fr 4000002500000003
de 4000002760000016
gi 4000002920000005
gr 4000003000000030
hu 4000003480000005
ie 4000003720000005
it 4000003800000008
lv 4000004280000005
li 4000004380000004
lt 4000004400000000
lu 4000004420000006
mt 4000004700000007
nl 4000005280000002
no 4000005780000007
pl 4000006160000005
pt 4000006200000007
ro 4000006420000001
sa 4000006820000007
si 4000007050000006
sk 4000007030000001
es 4000007240000007
se 4000007520000008
ch 4000007560000009
gb 4000008260000000
au 4000000360000006
cn 4000001560000002
hk 4000003440000004
in 4000003560000008
jp 4000003920000003
my 4000004580000002
nz 4000005540000008
sg 4000007020000003
tw 4000001580000008
"""
COUNTRIES: Final = (
    *(
        TestCard(country, number, country=country.upper())
        for country, number in (line.split() for line in _VISA_BY_COUNTRY.split("\n") if line)
    ),
    TestCard("gb_debit", "4000058260000005", funding="debit", country="GB"),
    TestCard("gb_mastercard", "5555558265554449", "mastercard", country="GB"),
    TestCard("ae_mastercard", "5200007840000022", "mastercard", country="AE"),
    TestCard("th_credit", "4000007640000003", country="TH"),
    TestCard("th_debit", "4000057640000008", funding="debit", country="TH"),
    TestCard("visa_cartesBancaires", "4000002500001001", country="FR"),
    TestCard("mastercard_cartesBancaires", "5555552500001001", "mastercard", country="FR"),
    TestCard("visa_debit_eftposAuCoBranded", "4000050360000001", funding="debit", country="AU"),
    TestCard("mastercard_debit_eftposAuCoBranded", "5555050360000080", "mastercard", "debit", "AU"),
)

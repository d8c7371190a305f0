"""Which codes and names can be shown to anybody? Invented ones: check characters hold, and no real body bears them.

Codes carry ``00EX`` where a real organisation code has digits or a later series (GB 11714), names carry 示例. Codes
of one kind and number are always the same, so samples, profile tables and roster agree.

>>> uscc("91", "131082", 7)
'9113108200EX00072Q'
>>> company("三河", 0, "食品")
'三河示例甲子食品有限公司'
"""

from __future__ import annotations

from gateway.records.identifiers import certificate_check, uscc_check

_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def uscc(prefix: str, region: str, number: int) -> str:
    """A valid 统一社会信用代码 (GB 32100-2015) whose organisation code (GB 11714) is valid and invented; number below
    10,000.
    """
    first8 = f"00EX{number:04d}"
    values = [int(character, 36) for character in first8]
    rest = 11 - sum(value * weight for value, weight in zip(values, _ORGANISATION_WEIGHTS, strict=True)) % 11
    first17 = f"{prefix}{region}{first8}{'X' if rest == 10 else rest % 11}"
    return first17 + uscc_check(first17)


def company(place: str, number: int, trade: str) -> str:
    """A company's name, plainly invented; 60 of a place and trade before the names carry a number."""
    stem, branch, round_ = _STEMS[number % 10], _BRANCHES[number % 12], number // 60
    return f"{place}示例{stem}{branch}{round_ or ''}{trade}有限公司"


def food_number(prefix: str, category: str, region: str, number: int) -> str:
    """JY + 业态 + region + 6 digits + check, or SC + 类别 + region + 4 digits + check (ISO/IEC 7064 MOD 11,10)."""
    digits = f"{category}{region}"
    digits += f"{number:0{13 - len(digits)}d}"
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return f"{prefix}{digits}{(11 - product) % 10}"


def certificate_identifier(type_code: str, issuer: str, number: str) -> str:
    """A 证照标识 (GB/T 36904), version 001."""
    check = certificate_check((type_code, issuer, number, "001"))
    return f"1.2.156.3005.2.{type_code}.{issuer}.{number}.001.{check}"


def resident_number(region: str, birthday: str, order: int) -> str:
    """A 公民身份号码 (GB 11643) with a check character that holds, of nobody: for samples that must be refused. Born
    in 1900.
    """
    first17 = f"{region}{birthday}{order:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(first17, weights, strict=True))
    return first17 + "10X98765432"[total % 11]

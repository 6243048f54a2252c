"""Personal data, by what columns are called and by what their values look like. Candidates: a person decides.

A candidate is classified so that the platform masks it wherever rows are shown, and tagged `review`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of personal data: its classification, names of columns that hold it, and what its values look like
    (an expression the whole value matches)."""

    name: str
    classification: str
    names: str = ""
    values: str = ""


_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
CATEGORIES: tuple[Category, ...] = (  # the first whose name or values fit
    Category("email", "confidential", r"e_?mail|mail_address|correo", r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"),
    Category(
        "ip_address",
        "confidential",
        r"ip|ip_?addr(ess)?|ipv[46]|(client|remote|user|source)_ip",
        rf"(?:{_OCTET}\.){{3}}{_OCTET}|(?=.*(?:::|[0-9a-fA-F]{{3}}))[0-9a-fA-F]{{0,4}}(?::[0-9a-fA-F]{{0,4}}){{2,7}}",
    ),
    Category(
        "national_id",
        "restricted",
        r"ssn|cpf|cnpj|nif|nie|dni|nino|curp|rfc|tax_id|passport(_number|_no)?|national_id|social_security\w*|"
        r"steuer_?(id|nummer)|personnummer|(driver_?)?licen[cs]e_(number|no)",
        r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}",
    ),
    Category(
        "bank_account",
        "restricted",
        r"iban|bic|account_(number|no)|bank_account|kontonummer|card_(number|no)|pan|cvv",
        r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?|(?:[0-9]{4}[ -]){3}[0-9]{4}",
    ),
    Category("secret", "restricted", r"pass(word|wd)?(_hash)?|secret|api_?key|(access_|auth_|refresh_)?token|pin"),
    Category(
        "phone",
        "confidential",
        r"(tele)?(phone|fon)(_?(number|no|nr))?|mobile(_\w+)?|celular|telefone?|fax|msisdn",
        r"\+[0-9][0-9 ().-]{7,18}[0-9]|\([0-9]{2,4}\) ?[0-9]{3,5}[ -]?[0-9]{4}|[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}",
    ),
    Category("birth", "confidential", r"birth_?(date|day|year|place)?|date_of_birth|dob|nascimento|geburtsdatum|age"),
    Category("gender", "confidential", r"gender|sex|sexo|geschlecht"),
    Category("health", "restricted", r"diagnos\w*|disease|medication|blood_type|disability"),
    Category("belief", "restricted", r"religion|ethnicity|race|political\w*|union_member\w*"),
    Category(
        "name",
        "confidential",
        r"(first|last|middle|full|given|family|sur|maiden|display|nick|user|login|customer|client|contact|person|"
        r"employee|patient|passenger|author|sender|recipient|buyer|seller|owner|driver|reviewer|member)_?name|"
        r"surname|forename|nome|sobrenome|apellidos?|vorname|nachname|username|author|reviewer",
    ),
    Category(
        "location",
        "confidential",
        r"(street|home|billing|shipping|postal|mail(ing)?)?_?address(_?line)?_?[0-9]?|street(_\w+)?|house_?(no|nr|number)|"
        r"zip(_?code)?(_prefix)?|post_?(al_?)?code|plz|cep|city|cidade|town|lat(itude)?|(lon|lng)(gitude)?|longitude|"
        r"geo_?location",
    ),
    Category(
        "device", "confidential", r"device_id|mac(_address)?|imei|advertising_id|idfa|gaid|cookie(_id)?|user_agent"
    ),
    Category(
        "free_text",
        "confidential",
        r"(\w+_)?(comment|message|notes?|remarks?|feedback|review|body|bio)(_(text|title|message|body))?",
    ),
)
PEOPLE = frozenset(
    ["account", "author", "buyer", "citizen", "client", "contact", "customer", "driver", "employee", "guest", "lead",
     "member", "passenger", "patient", "people", "person", "profile", "reviewer", "seller", "student", "subscriber",
     "teacher", "user", "visitor"]
)  # fmt: skip
"""What a row is about, so that its bare `name` is a person's."""
SHARE = 0.9
"""So many of the values of a sample look like it. A few that do are said in a note."""
_BY_NAME = {each.name: re.compile(rf"(?:\w+_)?(?:{each.names})(?:_[0-9])?") for each in CATEGORIES if each.names}
_BY_VALUE = {each.name: re.compile(each.values) for each in CATEGORIES if each.values}
CLASSIFICATION = {each.name: each.classification for each in CATEGORIES}
EMBEDDED = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}")


def by_name(column: str, dataset: str = "") -> str:
    """The category that a column's name speaks of, or ''. `dataset` is its dataset's name in the singular."""
    if column == "name" and dataset in PEOPLE:
        return "name"
    return next((category for category, test in _BY_NAME.items() if test.fullmatch(column)), "")


def by_values(values: Sequence[str]) -> str:
    """The category that most of the values look like, or ''."""
    some = values[:2000]
    for category, test in _BY_VALUE.items():
        if sum(1 for value in some if test.fullmatch(value.strip())) >= max(SHARE * len(some), 1):
            return category
    return ""


def embedded(values: Sequence[str]) -> bool:
    """Whether an e-mail address stands somewhere in some value."""
    return any("@" in value and EMBEDDED.search(value) for value in values)

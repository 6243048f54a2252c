"""Every code a finding can carry. Codes are stable: a removed one is never used again.

C1 the file, C2 the ODCS standard, C3 who and what the dataset is, C4 columns and types, C5 rules,
C6 policies and our own properties, C7 partitions and keys, C8 service levels.
"""

from __future__ import annotations

CODES: dict[str, str] = {
    "C101": "the file is not plain YAML",
    "C102": "a key is given twice",
    "C103": "the file is empty, unreadable or not a mapping",
    "C201": "a key the standard does not know",
    "C202": "a key the standard requires is missing",
    "C203": "a value of the wrong type",
    "C204": "a value that is not one of those allowed",
    "C205": "a key that has no meaning in this place",
    "C206": "an unknown version of the standard",
    "C209": "against the standard in some other way",
    "C301": "not exactly one dataset in the file",
    "C302": "`id` is not `<domain>.<name>`",
    "C303": "the domain's folder is not `domain`",
    "C304": "the file's name is not `<name>.yaml`",
    "C305": "a name that is not lower-case letters, digits and underscores",
    "C306": "a name the platform keeps for itself",
    "C307": "no owner",
    "C308": "an owner that is not an e-mail address",
    "C309": "no description",
    "C310": "two files describe one dataset",
    "C311": "no domain",
    "C312": "an unknown status",
    "C313": "a naming norm that cannot be used",
    "C401": "no columns",
    "C402": "a column is named twice",
    "C403": "a type that is missing, incomplete or not supported",
    "C404": "a decimal without a usable precision and scale",
    "C405": "a promise about a nested field, which is not audited",
    "C406": "an option that is not audited",
    "C407": "an unknown classification",
    "C501": "not exactly one operator",
    "C502": "a metric on the wrong level, or none",
    "C503": "a unit that does not fit the metric",
    "C504": "an argument that is unknown, missing or malformed",
    "C505": "a pattern the engines cannot run",
    "C506": "bounds that no value satisfies",
    "C507": "a rule that does not fit the column's type",
    "C508": "a value that is not of the column's type",
    "C509": "a query that is not one SELECT",
    "C510": "two rules with one name",
    "C511": "a custom rule that cannot be read",
    "C512": "a rule about a column that does not exist",
    "C513": "a threshold that is not a number in its range",
    "C514": "a rule about a dataset that does not exist",
    "C515": "a rule about a column that another dataset does not have",
    "C516": "a comparison of things that do not compare",
    "C517": "a rule about what this dataset's producer may not read",
    "C518": "a schedule that is none",
    "C519": "an input rule that is not about inputs alone",
    "C520": "a relationship that does not lead from this dataset's columns to as many others",
    "C521": "an unknown unit",
    "C522": "a metric without the arguments it needs",
    "C523": "a rule that looks like one of ODCS 3.0",
    "C601": "a property that looks like one of ours",
    "C602": "one of our properties with an unknown value",
    "C603": "a malformed or unknown policy",
    "C604": "quarantine for a rule that is not about rows to be published",
    "C605": "an unknown severity",
    "C606": "one of our properties in the wrong place",
    "C607": "one of our properties given twice",
    "C701": "half a partition key",
    "C702": "a partition key whose granularity is unknown or does not fit its type",
    "C703": "a partition key without a usable start",
    "C704": "a partition key without usable values",
    "C705": "too many partition keys",
    "C706": "a key's position that is missing or taken",
    "C801": "a duration that cannot be read",
    "C802": "a service level that looks like one of ours",
}

OURS = frozenset(
    code
    for code in CODES
    if code[1] in "368"
    or code in ("C401", "C403", "C404", "C405", "C406", "C407", "C509", "C510", "C511")
    or ("C514" <= code <= "C523" and code != "C520")
    or code in ("C701", "C702", "C703", "C704", "C705")
)
"""What only this platform asks for: not held against a document that is checked against the standard alone."""

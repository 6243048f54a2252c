"""Rules that read other datasets: relationships as foreign keys, and what those other contracts say to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_platform.contracts import Contract, ContractError, Contracts, OnFailure, Policy, Reference, Rule, Unchecked
from data_platform.contracts.catalog import check
from data_platform.contracts.odcs import read

from .scenario import minimal, place

PUBLIC = "customProperties: [{property: visibility, value: public}]\n"
COLUMNS = """{name: id, id: id_pk, logicalType: integer}
      - {name: name, logicalType: string}
      - {name: salary, logicalType: number, classification: restricted}
      - {name: at, logicalType: timestamp}
      - {name: tags, logicalType: array, items: {logicalType: string}}"""
CHILD = """{name: user_id, id: user_fk, logicalType: integer}
      - {name: name, logicalType: string}
      - {name: at, logicalType: timestamp, logicalTypeOptions: {timezone: true}}"""


def related(to: str, more: str = "") -> str:
    """ads.orders, whose user_id has a relationship."""
    column = f"{CHILD.splitlines()[0][:-1]}, relationships: [{{to: {to}{more}}}]}}"
    return minimal("ads.orders", column + CHILD[CHILD.index("\n") :])


def with_(entry: str, key: str = "quality", rest: str = "") -> str:
    """ads.orders with one quality entry, or one relationship."""
    return minimal("ads.orders", CHILD, f"    {key}:\n      - {{{entry}}}\n{rest}")


def ours(implementation: str) -> str:
    return with_(f"type: custom, engine: data-platform, implementation: {implementation}")


def project(folder: Path, orders: str, users: str = minimal("people.users", COLUMNS, PUBLIC), **others: str) -> Path:
    """A project of ads.orders, people.users and other datasets of ads; its folder of domains."""
    files = {"ads/orders": orders, "people/users": users, **{f"ads/{name}": text for name, text in others.items()}}
    for dataset, text in files.items():
        domain, _, name = dataset.partition("/")
        file = folder / domain / "contracts" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def orders_of(folder: Path) -> Contract:
    return Contracts.load(folder)["ads.orders"]


def keys_of(contract: Contract) -> list[Rule]:
    return [rule for rule in contract.rules if rule.kind == "foreign_key"]


SPELLINGS = [  # how a relationship names people.users.id
    "people.users.id",
    "'../../people/contracts/users.yaml#/schema/users/properties/id_pk'",
    "'../../people/contracts/users.yaml#schema/users/properties/id_pk'",
    "[people.users.id]",
]


@pytest.mark.parametrize("to", SPELLINGS)
def test_a_relationship_is_a_foreign_key_however_it_is_written(tmp_path: Path, to: str) -> None:
    (rule,) = keys_of(orders_of(project(tmp_path, related(to))))
    assert (rule.name, rule.columns, dict(rule.arguments)) == (
        "user_id_foreign_key",
        ("user_id",),
        {"columns": ("id",)},
    )
    assert rule.reads == (Reference("people.users", ("id",), "all"),)
    assert rule.is_row_rule and rule.on_failure == OnFailure() and rule.dimension == "consistency"


@pytest.mark.parametrize(
    "to",
    ["names.name", "ads.names.name", "names.yaml#/schema/n/properties/name", "./names.yaml#/schema/n/properties/name"],
)
def test_a_bare_name_and_a_file_beside_are_of_the_same_domain(tmp_path: Path, to: str) -> None:
    text = with_(f"from: orders.name, to: '{to}'", "relationships")
    folder = project(tmp_path, text, names=minimal("ads.names", "{name: name, logicalType: string}"))
    (rule,) = keys_of(orders_of(folder))
    assert rule.reads == (Reference("ads.names", ("name",), "all"),)


COMPOSITE = [
    "from: [orders.user_id, orders.name], to: [people.users.id, people.users.name]",
    "from: [schema/orders/properties/user_fk, ads.orders.name], to: [people.users.id, people.users.name]",
]


@pytest.mark.parametrize("entry", COMPOSITE)
def test_a_key_of_several_columns_is_one_rule(tmp_path: Path, entry: str) -> None:
    (rule,) = keys_of(orders_of(project(tmp_path, with_(entry, "relationships"))))
    assert (rule.name, rule.columns) == ("user_id_name_foreign_key", ("user_id", "name"))
    assert dict(rule.arguments) == {"columns": ("id", "name")}
    assert rule.reads == (Reference("people.users", ("id", "name"), "all"),)


@pytest.mark.parametrize(
    "to",
    ["orders.user_id", "ads.orders.user_id", "schema/orders/properties/user_fk", "/schema/orders/properties/user_id"],
)
def test_a_dataset_may_lead_into_itself(tmp_path: Path, to: str) -> None:
    text = with_(f"from: orders.user_id, to: {to}", "relationships")
    (rule,) = keys_of(orders_of(project(tmp_path, text)))
    assert rule.reads == (Reference("ads.orders", ("user_id",), "all"),)


def test_a_relationship_has_a_policy_and_partitions_of_its_own(tmp_path: Path) -> None:
    policy = "{property: onFailure, value: {action: quarantine, maxRows: 3}}"
    own = f", customProperties: [{policy}, {{property: partitions, value: same}}]"
    (rule,) = keys_of(orders_of(project(tmp_path, related("people.users.id", own))))
    assert rule.on_failure == OnFailure(Policy.QUARANTINE, None, 3)
    assert rule.reads[0].partitions == "same"


def test_a_relationship_follows_the_policy_of_its_dataset(tmp_path: Path) -> None:
    rest = "customProperties: [{property: onFailure, value: {action: quarantine, maxPercent: 5}}]\n"
    (rule,) = keys_of(orders_of(project(tmp_path, related("people.users.id") + rest)))
    assert rule.on_failure == OnFailure(Policy.QUARANTINE, 5)


def test_several_relationships_of_a_column_have_names_of_their_own(tmp_path: Path) -> None:
    text = related("people.users.id", "}, {to: others.id}, {id: third-one, to: others.id")
    folder = project(tmp_path, text, others=minimal("ads.others"))
    names = [rule.name for rule in keys_of(orders_of(folder))]
    assert names == ["user_id_foreign_key", "user_id_others_foreign_key", "third_one"]


def test_a_relationship_to_a_document_on_the_web_is_shown_and_not_checked(tmp_path: Path) -> None:
    address = "https://example.com/users.yaml#/schema/users/properties/id"
    contract = orders_of(project(tmp_path, related(f"'{address}'")))
    assert keys_of(contract) == []
    assert contract.unchecked == (Unchecked("user_id_foreign_key", f"foreign key to {address}"),)


HOLD = [
    ours("orders.count(*) == people.users.count(* where id > 0 and tags is null) within 1%"),
    ours("orders.max(at) >= people.users.max(at)"),
    with_("type: sql, query: 'SELECT count(*) FROM people.users', mustBe: 0"),
    with_("type: sql, query: 'SELECT max(salary) FROM people.users', mustBe: 0"),
    related("people.users.id"),
    with_("from: orders.at, to: people.users.at", "relationships"),
    with_(
        "type: custom, engine: data-platform, implementation: people.users.sum(salary) > 0",
        rest="customProperties: [{property: clearance, value: restricted}]\n",
    ),
]


@pytest.mark.parametrize("orders", HOLD)
def test_rules_about_what_there_is_hold(tmp_path: Path, orders: str) -> None:
    folder = project(tmp_path, orders)
    assert check([folder]) == []
    assert orders_of(folder)


WRONG = [  # ads.orders, the code, where, a word of the message or the mend
    (related("persons.id"), "C514", "to: persons.id", "ads.persons"),
    (related("users.id"), "C514", "to: users.id", "`people.users`"),
    (related("people.userss.id"), "C514", "to: people.userss.id", "`people.users`"),
    (related("'users.yaml#/schema/u/properties/id'"), "C514", "to: 'users.yaml", "`people.users`"),
    (ours("orders.count(*) == user.count(*)"), "C514", "{type: custom", "ads.user"),
    (with_("type: sql, query: 'SELECT 1 FROM people.user', mustBe: 0"), "C514", "{type: sql", "`people.users`"),
    (related("people.users.idd"), "C515", "to: people.users.idd", "`id`"),
    (related(SPELLINGS[1].replace("id_pk", "pk")), "C515", "to: '../../people", "'pk'"),
    (ours("people.users.sum(ide) > 0"), "C515", "{type: custom", "`id`"),
    (related("people.users.name"), "C516", "to: people.users.name", "a string"),
    (related("people.users.tags"), "C516", "to: people.users.tags", "list"),
    (with_("from: orders.at, to: people.users.id", "relationships"), "C516", "to: people", "timestamptz"),
    (ours("people.users.sum(name) > 0"), "C516", "{type: custom", "numbers"),
    (ours("people.users.count(* where name > 3) > 0"), "C516", "{type: custom", "order"),
    (related("people.users.salary"), "C517", "to: people.users.salary", "clearance: restricted"),
    (ours("people.users.sum(salary) > 0"), "C517", "{type: custom", "only cleared for internal"),
]


@pytest.mark.parametrize(("orders", "code", "at", "word"), WRONG)
def test_a_rule_about_what_there_is_not_is_told_at_its_place(
    tmp_path: Path, orders: str, code: str, at: str, word: str
) -> None:
    folder = project(tmp_path, orders)
    with pytest.raises(ContractError) as error:
        Contracts.load(folder)
    (finding,) = error.value.findings
    assert finding.code == code
    assert (finding.line, finding.column) == place(orders, at)
    assert word in f"{finding.message} {finding.fix}"
    assert finding.fix
    file = folder / "ads" / "contracts" / "orders.yaml"
    assert check([file]) == [finding], "one file alone is held against the rest of its project, too"


PRIVATE = minimal("people.users", COLUMNS)


@pytest.mark.parametrize(
    "orders",
    [
        related("people.users.id"),
        ours("people.users.count(*) > 0"),
        with_("type: sql, query: 'SELECT 1 FROM people.users', mustBe: 0"),
    ],
)
def test_another_domains_private_dataset_is_not_for_our_rules(tmp_path: Path, orders: str) -> None:
    (finding,) = check([project(tmp_path, orders, PRIVATE)])
    assert (finding.code, "private to the domain people" in finding.message) == ("C517", True)
    assert "visibility: public" in finding.fix and "ada@example.com" in finding.fix


def test_a_private_dataset_of_the_same_domain_is(tmp_path: Path) -> None:
    folder = project(tmp_path, related("others.id"), others=minimal("ads.others"))
    assert check([folder]) == []


def test_a_contract_that_cannot_be_read_is_reported_once_and_not_by_its_readers(tmp_path: Path) -> None:
    folder = project(tmp_path, related("people.users.id"), minimal("people.users", "{name: id}", PUBLIC))
    assert {finding.file for finding in check([folder])} == {str(folder / "people" / "contracts" / "users.yaml")}
    assert check([folder / "ads"]) == []


def test_a_warm_load_is_held_to_what_the_others_say_now(tmp_path: Path) -> None:
    folder, cache = project(tmp_path / "domains", related(SPELLINGS[1])), tmp_path / "cache"
    first = Contracts.load(folder, cache=cache)["ads.orders"]
    assert Contracts.load(folder, cache=cache)["ads.orders"] == first
    users = folder / "people" / "contracts" / "users.yaml"
    users.write_text(users.read_text().replace("name: id, id: id_pk", "name: key, id: id_pk"))
    (rule,) = keys_of(Contracts.load(folder, cache=cache)["ads.orders"])
    assert (dict(rule.arguments), rule.reads[0].columns) == ({"columns": ("key",)}, ("key",))
    users.write_text(users.read_text().replace("name: key, id: id_pk", "name: key"))
    with pytest.raises(ContractError, match="C515"):
        Contracts.load(folder, cache=cache)


def test_alone_and_outside_of_a_project_a_file_is_read_without_the_others() -> None:
    contract, findings = read(related("people.users.id"), "orders.yaml")
    assert contract is not None and not findings
    assert keys_of(contract)[0].reads == (Reference("people.users", ("id",), "all"),)


def test_a_foreign_document_may_relate_to_anything(tmp_path: Path) -> None:
    file = tmp_path / "orders.odcs.yaml"
    for to in ("receivers.id", "a.b.c.d", "'../x.yaml#/schema/a/properties/b'", "orders.user_id.part"):
        file.write_text(related(to))
        assert check([file], standard_only=True) == []

"""`mail_export`: one line in a domain's `assets.py`, and a dataset is mailed on a schedule. The room's only Dagster."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from data_platform.alerts.channels import NotSent, mail_server
from data_platform.contracts import Contract, Contracts
from data_platform.datasets import DefinitionError
from data_platform.datasets.dataset import registry_of
from data_platform.datasets.metadata import asset_key, owners
from data_platform.datasets.scheduled import ONLY_ON_SCHEDULE, Scheduled
from data_platform.exports.errors import ExportError
from data_platform.exports.order import Order, problems
from data_platform.exports.post import NO_SERVER, Posted, post
from data_platform.lake import LakeError
from data_platform.lakehouse import LakehouseError, current_lakehouse
from data_platform.settings import Settings

RETRIES = dg.RetryPolicy(max_retries=3, delay=60, backoff=dg.Backoff.EXPONENTIAL)
"""For mail servers that are away for a while."""


class Posting(dg.Config):
    """How a person runs it: with `again` everybody gets it, whoever has it already."""

    again: bool = False


class MailExport(Scheduled):
    """The asset made by `mail_export`; `order` is what it sends."""

    order: Order


def mail_export(
    dataset: str,
    *,
    to: Sequence[str],
    schedule: str,
    timezone: str = "UTC",
    format: str = "xlsx",
    subject: str = "{dataset} {partition}",
    columns: Sequence[str] = (),
    where: str = "",
    clearance: str = "internal",
    max_megabytes: float = 10,
    name: str = "",
    contracts: Mapping[str, Contract] | None = None,
) -> MailExport:
    """Mail the latest published partition of `dataset`, as a file of this `format`, whenever `schedule` (cron) says so.

    It becomes an asset below the dataset, `<dataset>_mail` or `name` (`<domain>.<name>`; the domain is who mails), and a
    schedule that is on from the start. The mail server is that of `DATA_PLATFORM_ALERTS`; without one the schedule is
    skipped. Nobody is sent the same rows twice, and columns above `clearance` never leave. `columns` and `where` (an SQL
    condition) choose from the rows; `subject` may refer to {dataset}, {partition} and {rows}.

    Raises DefinitionError with everything that is wrong with it, and its fix.
    """
    caller = sys._getframe(1)
    registry = contracts if contracts is not None else registry_of(Path(caller.f_code.co_filename).parent.parent)
    order = Order(
        name or f"{dataset}_mail",
        dataset,
        tuple(dict.fromkeys([to] if isinstance(to, str) else to)),
        format,
        subject,
        tuple(columns),
        where,
        clearance,
        max_megabytes,
    )
    if found := problems(order, registry):
        place = f"{caller.f_code.co_filename}:{caller.f_lineno}: mail_export({dataset!r})"
        raise DefinitionError([f"{place}: {problem}" for problem in found])
    asset: Any = _asset(order, Contracts(registry))
    asset.__class__ = MailExport  # as with Dataset: Dagster has no way to say which class it builds
    asset.order = order
    asset.schedules = (_schedule(order, schedule, timezone),)
    return asset


def _asset(order: Order, contracts: Contracts) -> dg.AssetsDefinition:
    contract = contracts[order.dataset]
    about = f"{order.dataset}, its latest partition, mailed as {order.form}."

    @dg.asset(
        key=asset_key(order.name),
        deps=[asset_key(order.dataset)],
        description=f"{about} Run it by hand with `again: true` to send what was sent already.",
        group_name=order.domain,
        owners=owners(contract),
        tags=ONLY_ON_SCHEDULE,
        kinds={order.form.partition(".")[0], "email"},
        metadata={
            "to": list(order.to),
            "clearance": order.clearance,
            "columns": list(order.columns) or "all it may send",
        },
        retry_policy=RETRIES,
        output_required=False,  # nothing new: nothing is recorded
    )
    def mailed(context: dg.AssetExecutionContext, config: Posting):
        try:
            done = post(
                order,
                contracts,
                current_lakehouse(),
                Settings.from_environment(),
                again=config.again,
                run_id=context.run_id,
            )
        except (NotSent, OSError) as error:
            raise dg.Failure(f"the mail server did not take it: {error}") from error
        except (ExportError, LakeError, LakehouseError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        if done.outcome == "nothing new":
            context.log.info(f"Everybody has {order.dataset} {done.news.label} already: nothing sent.")
            return
        yield dg.MaterializeResult(metadata=_metadata(done))

    return mailed


def _metadata(done: Posted) -> dict[str, Any]:
    found: dict[str, Any] = {"outcome": done.outcome, "partition": done.news.label, "recipients": list(done.to)}
    if done.outcome == "sent":
        found |= {"dagster/row_count": done.rows, "bytes": done.bytes}
    return found | {"snapshot_id": str(done.news.snapshot_id), "held_back": done.news.held or "nothing"}


def _schedule(order: Order, cron: str, timezone: str) -> dg.ScheduleDefinition:
    """Where no mail server is named, as on a laptop, it is skipped rather than failed every morning."""
    name = order.name.replace(".", "__")

    def due(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return dg.RunRequest() if mail_server(Settings.from_environment()) else dg.SkipReason(NO_SERVER)

    return dg.ScheduleDefinition(
        name=name,
        job=dg.define_asset_job(f"{name}_job", dg.AssetSelection.assets(asset_key(order.name))),
        cron_schedule=cron,
        execution_timezone=timezone,
        execution_fn=due,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Mails {order.dataset} to {len(order.to)} recipient(s).",
    )

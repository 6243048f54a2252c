"""The pictures of the UI in `docs/images`, taken from the real thing: `make run` first, then `make screenshots`.

Starts `dg dev` over the history in DATA_PLATFORM_HOME, opens each page in a headless chromium and writes one PNG per row
of SHOTS. The same history gives the same pictures, but for what says how long ago something was. `--only NAME` takes
some of them, `--to FOLDER` puts them elsewhere. A picture whose history is not there (no blocked day, say) is told and
left as it was.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

PROJECT = Path(__file__).parents[1]
IMAGES = PROJECT / "docs" / "images"
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
DATASET, BLOCKING = "ads/listings", "price_exclusive_minimum"
START_SECONDS, PAGE_SECONDS, SETTLE_SECONDS = 120, 60, 1.5
COLOURS, WIDEST = 256, 1400
"""Colours and pixels of a picture: the UI has few colours, and a picture with few is a quarter of the size."""


class NotThere(Exception):
    """What a picture should show is not in this history."""


@dataclass(frozen=True)
class History:
    """The UI over a filled home."""

    url: str

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        with urlopen(Request(f"{self.url}/graphql", body, {"content-type": "application/json"}), timeout=60) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def answers(self) -> bool:
        with suppress(URLError, OSError, TypeError):
            return bool(self.ask("{ assetNodes { id } }")["assetNodes"])
        return False

    def blocked_day(self) -> str:
        """The first day on which the dataset was blocked; NotThere where there is none."""
        query = """query ($path: [String!]!) { assetNodeOrError(assetKey: {path: $path}) { ... on AssetNode {
            assetPartitionStatuses { ... on TimePartitionStatuses { ranges { startKey status } } } } } }"""
        node = self.ask(query, path=DATASET.split("/"))["assetNodeOrError"]
        failed = [each["startKey"] for each in node["assetPartitionStatuses"]["ranges"] if each["status"] == "FAILED"]
        if not failed:
            raise NotThere("no day is blocked: run more days (`make run`)")
        return failed[0]

    def groups(self) -> list[str]:
        return sorted({node["groupName"] for node in self.ask("{ assetNodes { groupName } }")["assetNodes"]})


@dataclass(frozen=True)
class Shot:
    """One picture: the page's path, its size in pixels, what to do there first, and what of it to keep ('' for all)."""

    name: str
    path: str
    size: tuple[int, int]
    prepare: Callable[[Any, History], None] = lambda page, history: None
    part: str = ""


def folded(page: Any, *sections: str) -> None:
    """Without these sections of a dataset's page, so that what comes after them is seen."""
    for name in sections:
        page.get_by_text(name, exact=True).first.click()


def overview(page: Any, history: History) -> None:
    page.get_by_text("One row per").first.wait_for()
    page.get_by_text("listing_id").first.wait_for()


def columns(page: Any, history: History) -> None:
    overview(page, history)
    folded(page, "Status", "Description")


def plots(page: Any, history: History) -> None:
    overview(page, history)
    folded(page, "Status", "Description", "Columns")
    page.get_by_role("button", name="Plots").click()
    page.locator("canvas").first.wait_for()


def preview(page: Any, history: History) -> None:
    page.get_by_text("One row per").first.wait_for()
    folded(page, "Status", "Description", "Columns")
    page.get_by_placeholder("Filter metadata keys").fill("pr")  # the preview and the profile


def lineage(page: Any, history: History) -> None:
    page.get_by_text("One row per").first.wait_for()
    folded(page, "Status", "Description", "Columns")
    page.get_by_placeholder("Filter metadata keys").fill("lineage")
    page.locator("tr").filter(has=page.get_by_text("lineage", exact=True)).get_by_text("[Show Markdown]").click()
    page.get_by_alt_text("Where the columns come from").wait_for()


def checks(page: Any, history: History) -> None:
    page.get_by_text("Execute all").first.wait_for()
    page.get_by_text("Latest execution").first.wait_for()
    page.locator("canvas").first.wait_for()


def blocked(page: Any, history: History) -> None:
    history.blocked_day()
    page.get_by_text("Execution history").click()
    page.locator("tr").filter(has_text="rows").first.wait_for()


def partitions(page: Any, history: History) -> None:
    day = history.blocked_day()
    page.goto(f"{history.url}/assets/{DATASET}?view=partitions&partition={day}")
    page.get_by_text("failed, and did not materialize this asset").wait_for()


def quarantine(page: Any, history: History) -> None:
    page.get_by_text("The rules that refused the row").first.wait_for()
    folded(page, "Status", "Description", "Columns")
    page.get_by_role("button", name="Plots").click()
    page.locator("canvas").first.wait_for()


def domains(page: Any, history: History) -> None:
    page.get_by_text("ads_quarantine", exact=True).last.wait_for()
    settled(page)


def opened_by_domain(page: Any, history: History) -> None:
    """The groups of the domains open, those of quarantines closed."""
    with suppress(Exception):
        page.get_by_role("button", name="Hide navigation").click(timeout=3_000)
    domains = [group for group in history.groups() if not group.endswith("_quarantine")]
    opened = "%2C".join(f"global%40global%3A{group}" for group in domains)
    chosen = quote(" or ".join(f'group:"{group}"' for group in domains))
    page.goto(f"{history.url}/asset-groups~{chosen}?expanded={opened}")
    page.get_by_text("listing_stats", exact=True).first.wait_for()
    with suppress(Exception):  # the list beside the graph
        page.locator("button:has([aria-label='panel_hide_left'], [aria-label='panel_show_right'])").first.click(
            timeout=3_000
        )
    settled(page)


def settled(page: Any, history: History | None = None) -> None:
    """Until no part of a graph is still on its way."""
    for text in ("Loading...", "fetching statuses"):
        page.wait_for_function("text => !document.body.innerText.includes(text)", arg=text)


def all_of(page: Any, selector: str) -> dict[str, float]:
    """The rectangle around all of these, and a little more."""
    boxes = [each.bounding_box() for each in page.locator(selector).all()]
    left, top = min(b["x"] for b in boxes) - 10, min(b["y"] for b in boxes) - 10
    right = max(b["x"] + b["width"] for b in boxes) + 10
    bottom = max(b["y"] + b["height"] for b in boxes) + 10
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


WIDE, TALL = (1400, 900), (1400, 1000)
CHECK = f"/assets/{DATASET}?view=checks&checkDetail={BLOCKING}"
SHOTS = [
    Shot("domains", "/asset-groups", (1400, 800), domains),
    Shot("graph", "/asset-groups", (2200, 4400), opened_by_domain, "svg foreignObject.group, svg foreignObject"),
    Shot("dataset", f"/assets/{DATASET}?view=overview", TALL, overview),
    Shot("columns", f"/assets/{DATASET}?view=overview", WIDE, columns),
    Shot("plots", f"/assets/{DATASET}?view=overview", TALL, plots),
    Shot("preview", "/assets/users/users?view=overview", (1700, 1000), preview),
    Shot("lineage", "/assets/crm/customer_ads?view=overview", WIDE, lineage),
    Shot("checks", CHECK, TALL, checks),
    Shot("blocked", CHECK, WIDE, blocked),
    Shot("partitions", f"/assets/{DATASET}?view=partitions", WIDE, partitions),
    Shot("quarantine", f"/assets/{DATASET}__quarantine?view=overview", WIDE, quarantine),
]


def told(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="names of pictures")
    parser.add_argument("--to", type=Path, default=IMAGES, help="the folder to write to")
    parser.add_argument("--url", help="a UI that already runs")
    chosen = parser.parse_args()
    wanted = [shot for shot in SHOTS if not chosen.only or shot.name in chosen.only]
    if not CHROMIUM.exists():
        sys.exit(f"no browser: {CHROMIUM} is absent; install chromium, or set CHROMIUM")
    chosen.to.mkdir(parents=True, exist_ok=True)
    missed = 0
    with served(chosen.url) as history, browser() as chromium:
        for shot in wanted:
            try:
                file = take(chromium, history, shot, chosen.to)
            except (NotThere, TimeoutError) as why:
                told(f"{shot.name}: not taken: {why}")
                missed += isinstance(why, TimeoutError)
            else:
                told(f"{shot.name}: {file.stat().st_size // 1024} kB")
    sys.exit(f"{missed} picture(s) not taken: a page is not what it was" if missed else 0)


def take(chromium: Any, history: History, shot: Shot, folder: Path) -> Path:
    from playwright.sync_api import TimeoutError as Late

    width, height = shot.size
    page = chromium.new_page(viewport={"width": width, "height": height}, timezone_id="UTC", locale="en-US")
    try:
        page.set_default_timeout(PAGE_SECONDS * 1000)
        page.goto(f"{history.url}{shot.path}")
        shot.prepare(page, history)
        page.wait_for_timeout(SETTLE_SECONDS * 1000)
        file = folder / f"{shot.name}.png"
        page.screenshot(path=file, animations="disabled", clip=all_of(page, shot.part) if shot.part else None)
        shrink(file)
        return file
    except Late as late:
        raise TimeoutError(str(late).splitlines()[0]) from late
    finally:
        page.close()


def shrink(file: Path) -> None:
    """To few colours and no more than WIDEST, where Pillow is there to do it."""
    with suppress(ImportError):
        from PIL import Image

        with Image.open(file) as picture:
            height = picture.height * min(WIDEST, picture.width) // picture.width
            small = picture.convert("RGB").resize((min(WIDEST, picture.width), height), Image.Resampling.LANCZOS)
            few = small.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            few.save(file, optimize=True)


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def served(url: str | None = None) -> Iterator[History]:
    """`dg dev` on a free port, ended in the end; or a UI that runs already."""
    if url:
        yield History(url.rstrip("/"))
        return
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = ["dg", "dev", "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, cwd=PROJECT, start_new_session=True, **quiet)  # noqa: S603
    try:
        history = History(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + START_SECONDS
        while not history.answers():
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit("`dg dev` does not answer; see what it says with `make dev`")
            time.sleep(1)
        yield history
    finally:
        server.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            server.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()

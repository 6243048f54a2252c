"""A domain scaffolded from files, as a Dagster component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
from dagster.components import Scaffolder, ScaffoldRequest, scaffold_with
from dagster.components.component_scaffolding import scaffold_component
from pydantic import BaseModel, Field


class FileDatasetsParams(BaseModel):
    """What `dg scaffold defs ... FileDatasets` takes besides the domain's name."""

    files: list[str] = Field(description="Paths, globs, s3:// addresses.")
    owner: str = Field("", description="Who answers for the datasets: an e-mail address.")


class FileDatasetsScaffolder(Scaffolder[FileDatasetsParams]):
    """`dp scaffold dataset`, into the folder that `dg` chose; its name is the domain's."""

    @classmethod
    def get_scaffold_params(cls) -> type[FileDatasetsParams]:
        return FileDatasetsParams

    def scaffold(self, request: ScaffoldRequest[FileDatasetsParams]) -> None:
        import click

        from data_platform.files import FileError
        from data_platform.scaffold.model import ScaffoldError
        from data_platform.scaffold.scaffold import scaffold_files
        from data_platform.settings import Settings

        place, asked = request.target_path, request.params
        try:
            base = Settings.from_environment().files
            done = scaffold_files(asked.files, place.name, place.parent, base=base, owner=asked.owner)
        except (ScaffoldError, FileError) as error:
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()  # `dg` made it, and would take it for what is there already
            raise click.ClickException(str(error)) from None
        scaffold_component(request, {})
        for path in done.files:
            click.echo(f"Wrote {path}")


@scaffold_with(FileDatasetsScaffolder)
class FileDatasets(dg.Component, dg.Model, dg.Resolvable):
    """Datasets made from files, each with a contract, a function and a test: profiled, typed, keyed, related.

    This project loads its domains by themselves (`definitions.py`); where `dg` loads a folder of components, this one
    stands for the domain it lies in.
    """

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        module: Any = context.load_defs_relative_python_module(Path("assets.py"))
        return dg.Definitions(assets=[each for each in vars(module).values() if isinstance(each, dg.AssetsDefinition)])

"""Packages that offer plugins, installed where only the command under test finds them."""

import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.command_line import DamCli

EXAMPLE = Path(__file__).parent / "example_plugin"

InstallPlugin = Callable[[str, str], DamCli]


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    """The folder into which packages are installed."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return folder


@pytest.fixture
def cli_with_plugins(dam_cli: DamCli, site_packages: Path) -> DamCli:
    """The command in an environment whose packages are those of `site_packages`."""
    return replace(dam_cli, packages=(site_packages,))


@pytest.fixture
def install_plugin(cli_with_plugins: DamCli, site_packages: Path) -> InstallPlugin:
    """Install a package of one module by its source, with the entry point `install`."""

    def install(name: str, source: str) -> DamCli:
        (site_packages / f"{name}.py").write_text(source)
        write_dist_info(site_packages, name, "1.0", {"dam.plugins": {name: f"{name}:install"}})
        return cli_with_plugins

    return install


@pytest.fixture
def models(cli_with_plugins: DamCli, site_packages: Path) -> DamCli:
    """The command with the example plugin, in a world that is set up."""
    install_example(site_packages)
    url = f"sqlite:///{cli_with_plugins.home / 'dam.db'}"
    cli = cli_with_plugins.with_settings(DAM_DATABASE_URL=url)
    assert cli("setup-db").returncode == 0
    return cli


def install_example(site_packages: Path) -> None:
    """Install the example plugin."""
    shutil.copytree(EXAMPLE / "dam_stl", site_packages / "dam_stl")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    write_dist_info(site_packages, project["name"], project["version"], project["entry-points"])


def write_dist_info(
    site_packages: Path, name: str, version: str, entry_points: Mapping[str, Mapping[str, str]]
) -> None:
    """Write what an installer leaves behind, as far as entry points need it.

    Args:
        site_packages: The folder of the packages.
        name: The name of the distribution.
        version: Its version.
        entry_points: The entry points by group.
    """
    folder = site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (folder / "METADATA").write_text(metadata)
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
        for group, entries in entry_points.items()
    ]
    (folder / "entry_points.txt").write_text("".join(lines))

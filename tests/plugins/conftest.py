"""Packages that offer plugins, installed where only the command under test finds them."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import DamCli
from tests.conftest import PROJECT

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
    return dam_cli.with_settings(PYTHONPATH=f"{site_packages}:{PROJECT}")


@pytest.fixture
def install_plugin(cli_with_plugins: DamCli, site_packages: Path) -> InstallPlugin:
    """Install a package of one module by its source, with the entry point `install`."""

    def install(name: str, source: str) -> DamCli:
        (site_packages / f"{name}.py").write_text(source)
        write_dist_info(site_packages, name, "1.0", {name: f"{name}:install"})
        return cli_with_plugins

    return install


@pytest.fixture
def drawings(cli_with_plugins: DamCli, site_packages: Path) -> DamCli:
    """The command with the example plugin, in a world that is set up and has its table."""
    shutil.copy(EXAMPLE / "dam_drawings.py", site_packages)
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    entry_points = project["entry-points"]["dam.plugins"]
    write_dist_info(site_packages, project["name"], project["version"], entry_points)
    url = f"sqlite:///{cli_with_plugins.home / 'dam.db'}"
    cli = cli_with_plugins.with_settings(DAM_DATABASE_URL=url)
    assert cli("setup-db").returncode == 0
    command = [sys.executable, "-m", "dam_drawings", url]
    subprocess.run(command, env=cli.environment, check=True)
    return cli


def write_dist_info(
    site_packages: Path, name: str, version: str, entry_points: dict[str, str]
) -> None:
    """Write what an installer leaves behind, as far as entry points need it."""
    folder = site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (folder / "METADATA").write_text(metadata)
    lines = [f"{key} = {value}\n" for key, value in entry_points.items()]
    (folder / "entry_points.txt").write_text("[dam.plugins]\n" + "".join(lines))

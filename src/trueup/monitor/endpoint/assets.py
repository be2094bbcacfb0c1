"""The files of the status page, read once from the package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class Asset:
    """Hold one file.

    Parameters
    ----------
    body : bytes
        The file.
    content_type : str
        Its type.
    """

    body: bytes
    content_type: str


def load_assets() -> dict[str, Asset]:
    """Return every file of the page by its path; no path outside of this table is ever looked up."""
    found = {}
    for file in files("trueup.monitor.endpoint").joinpath("page").iterdir():
        kind = _TYPES.get("." + file.name.rpartition(".")[2])
        if kind is not None and file.is_file():
            found["/" if file.name == INDEX else f"/{file.name}"] = Asset(file.read_bytes(), kind)
    return found

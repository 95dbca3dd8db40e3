"""Where a person may be sent after signing in: to a page of ours and nowhere else."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

HOME: Final = "/"


def local(path: str) -> str:
    r"""The path if it is one of ours, else the first page.

    Browsers read `//host`, `/\host` and a path with tabs or line ends as another site's.
    """
    is_plain = all(" " < letter != "\\" and letter != "\x7f" for letter in path)
    if not is_plain or not path.startswith("/") or path.startswith(("//", "/login", "/logout")):
        return HOME
    try:
        parts = urlsplit(path)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc else path


def login_for(path: str) -> str:
    """The address of the login page that leads back to a path."""
    back = local(path)
    return "/login" if back == HOME else f"/login?next={quote(back, safe='/')}"

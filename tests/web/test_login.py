"""Signing in and out, and who may then do what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.support import OPERATOR, sign_in

if TYPE_CHECKING:
    from litestar.testing import TestClient

    from web.app import Site


def test_a_person_signs_in_and_sees_a_page(visitor: TestClient[Site]) -> None:
    assert visitor.get("/about").status_code == 303
    assert sign_in(visitor, OPERATOR).status_code == 303
    assert OPERATOR in visitor.get("/about").text

"""The header-in matcher."""

from pathlib import Path

import pytest
from shadowgate_canary.header_in import HeaderIn

from shadowgate.testing import MatcherContract, request


class TestContract(MatcherContract):
    def make(self) -> HeaderIn:
        return HeaderIn("x-user", ("ada", "grace"))


def test_a_listed_value_matches_and_another_does_not() -> None:
    matches = HeaderIn("X-User", ("ada", "grace")).compile()
    assert matches(request(headers={"x-user": "grace"}))
    assert not matches(request(headers={"x-user": "grac"}))
    assert not matches(request())


def test_any_line_of_the_header_will_do() -> None:
    matches = HeaderIn("x-user", ("ada",)).compile()
    assert matches(request(headers=[("X-User", "eve"), ("X-User", "ada")]))


def test_values_come_from_a_file_as_well(tmp_path: Path) -> None:
    users = tmp_path / "users.txt"
    users.write_text("# early adopters\nada\n\n  grace  \n")
    matches = HeaderIn("x-user", ("alan",), str(users)).compile()
    asked = ("alan", "ada", "grace", "", "# early adopters")
    assert [user for user in asked if matches(request(headers={"x-user": user}))] == ["alan", "ada", "grace"]


def test_a_file_that_is_not_there_is_a_problem_for_the_user(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"header-in cannot read its file: .*missing"):
        HeaderIn("x-user", file=str(tmp_path / "missing")).compile()


def test_a_list_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="needs values"):
        HeaderIn("x-user").compile()

"""The table of checks: codes that never collide, each in its block, explained, and shown to be reported."""

import ast
import re
from pathlib import Path

import pytest

from shadowgate.plugin.checks import Check, Unfit, table

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "shadowgate"
TOLD = re.compile(r"^\S+:\d+:\d+: (?:error|warning|info)(?: \[(?P<code>\w+)\])?: ")
CODE = re.compile(r"\bSG\d{4}\b")
CHECKS = [
    pytest.param(block, name, check, id=check.code)
    for block, module in table.BLOCKS.items()
    for name, check in table.checks_of(module).items()
]
CODES = {param.values[2].code for param in CHECKS}


def golden_problems():
    """Yield file and text of every problem that a golden case expects."""
    for case in sorted(TESTS.glob("cases/*/*.yaml")):
        for line in case.read_text("utf-8").partition("# ---- result\n")[2].splitlines():
            if TOLD.match(line):
                yield case, line


def codes_in_tests():
    """Return the codes that a test or a golden case expects."""
    texts = (path.read_text("utf-8") for path in TESTS.rglob("*.py") if path != Path(__file__))
    found = {code for text in texts for code in CODE.findall(text)}
    return found | {code for _, line in golden_problems() for code in CODE.findall(line.partition("]")[0])}


EXPECTED = codes_in_tests()
CODE_OF_THE_PACKAGE = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py") if "checks" not in path.parts)


def test_no_two_checks_share_a_code():
    codes = [param.values[2].code for param in CHECKS]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize(("block", "name", "check"), CHECKS)
def test_a_code_stands_in_its_block(block, name, check):
    assert re.fullmatch(block + r"\d\d", check.code)


@pytest.mark.parametrize(("block", "name", "check"), CHECKS)
def test_a_check_is_explained(block, name, check):
    assert check.title.endswith(".")
    assert check.title.count(". ") == 0
    assert check.text.endswith(".")
    assert len(check.text.split()) >= 6


@pytest.mark.parametrize(("block", "name", "check"), CHECKS)
def test_a_check_is_used(block, name, check):
    assert re.search(rf"\b{name}\b", CODE_OF_THE_PACKAGE)


@pytest.mark.parametrize(("block", "name", "check"), CHECKS)
def test_a_check_is_shown_by_a_test(block, name, check):
    assert check.code in EXPECTED


def test_every_problem_of_a_golden_case_has_a_code_of_the_table():
    without = [f"{case}: {line}" for case, line in golden_problems() if TOLD.match(line)["code"] not in CODES]
    assert without == []


def reported_without_check(tree):
    """Return the lines of calls that put a problem into a report and name no check; calls of a log are others."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))
    return [
        call.lineno
        for call in calls
        if call.func.attr in ("error", "warning", "info")
        and not ast.unparse(call.func.value).endswith("log")
        and not any(keyword.arg == "check" for keyword in call.keywords)
    ]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_whatever_is_reported_names_its_check(path):
    assert reported_without_check(ast.parse(path.read_text())) == []


def test_a_report_without_a_check_is_found():
    text = "report.error('x', at, check=CHECK)\nself.log.error('x')\nscope.inside('a').warning(\n  'x', at)"
    assert reported_without_check(ast.parse(text)) == [3]


def test_a_new_constant_is_found_by_itself():
    class Block:
        NEW = Check("SG9901", "Something.", "Do this.")
        _other = "no check"

    assert table.checks_of(Block) == {"NEW": Block.NEW}


def test_a_refusal_is_a_value_error_that_knows_its_check():
    check = Check("SG9901", "Something.", "Do this.")
    refusal = Unfit(check, "write 1")
    assert isinstance(refusal, ValueError)
    assert (str(refusal), refusal.check) == ("write 1", check)

"""Problems as plain values, and back."""

import json

from shadowgate.errors import Position, Problem
from shadowgate.workers.plain import plain_problems, problems_from


def test_problems_come_back_from_json():
    problems = (Problem("wrong", Position("a", 2, 3), "warning", "path", "found", "expected", "SG0001"), Problem("x"))
    assert problems_from(json.loads(json.dumps(plain_problems(problems)))) == problems

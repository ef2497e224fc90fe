"""Metadata, which a server writes more into than anyone reads."""

from shadowgate.bundled.dialects.objects import Metadata, read_metadata
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text


def metadata(text):
    report = Report()
    (document,) = read_text(text, "a.yaml", report)
    return read_metadata(document, report), [str(problem) for problem in report.problems]


def test_unknown_fields_are_passed_over_and_labels_keep_their_text():
    found, problems = metadata("metadata: {name: x, managedFields: [{}], labels: {a: true, b: 010}}")
    assert found == Metadata({"a": "true", "b": "010"})
    assert problems == []


def test_a_document_without_metadata_has_empty_metadata():
    assert metadata("kind: Pod") == (Metadata(), [])


def test_wrong_types_are_reported_where_they_are():
    found, problems = metadata("metadata:\n  labels: [a]")
    assert found == Metadata()
    assert problems == [
        "a.yaml:2:11: error [SG0015]: metadata.labels: wrong kind of value; found a list; expected a mapping"
    ]

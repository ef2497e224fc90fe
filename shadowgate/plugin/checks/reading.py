"""SG00: files, YAML, and values of their types, whatever they are about."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

FILE_MISSING: Final = Check(
    "SG0001",
    "There is no such file or directory.",
    "The path that was given for the configuration leads nowhere. Check its spelling, and what it is relative to.",
)
FILE_UNREADABLE: Final = Check(
    "SG0002",
    "The file cannot be read.",
    "The operating system refuses it, or it is no regular file: pipes and devices are not read, because they "
    "could keep the gateway waiting. Check the permissions of the file and of the directories above it.",
)
TOO_LARGE: Final = Check(
    "SG0003",
    "There is more configuration than is read.",
    "A file has at most 16 MiB and a directory at most 10,000 files, so that a wrong path cannot exhaust the "
    "memory. Split the file, or point at the directory that was meant.",
)
NOT_UTF8: Final = Check(
    "SG0004",
    "The file is not text in UTF-8.",
    "Configurations are UTF-8. Save the file in that encoding; the place is that of the first byte that does not fit.",
)
NO_FILES: Final = Check(
    "SG0005",
    "The directory has no configuration in it.",
    "Only names that end in .yaml or .yml are read, and hidden ones are passed over. Rename the files, or point "
    "at another directory.",
)
SYNTAX: Final = Check(
    "SG0006",
    "This is not YAML.",
    "The text cannot be taken apart at this place; the message says what is the likeliest reason. Reading goes on "
    "at the next `---`, so that problems of later documents are shown as well.",
)
REPEATED_KEY: Final = Check(
    "SG0007",
    "A key stands in its mapping twice.",
    "YAML parsers differ in which of the two they believe, so neither is. Remove one; `mirror_percent` and "
    "`mirrorPercent` are the same key in two spellings.",
)
BAD_KEY: Final = Check(
    "SG0008",
    "This cannot be a key.",
    "Keys are text. A value that starts with a brace or a bracket needs quotes, a colon needs a key before it, a "
    "comment starts with `#`, and merge keys (`<<`) are not read: write out the keys that are meant.",
)
TAG: Final = Check(
    "SG0009",
    "A YAML tag means nothing here.",
    "The type of a field decides what its text means. Leave the tag (`!something`) out; to make text of a number, "
    "put it in quotes.",
)
ALIAS: Final = Check(
    "SG0010",
    "An alias stands for nothing.",
    "`*name` repeats what `&name` marked further up in the same document. Check the spelling; anchors do not "
    "reach over `---`.",
)
TOO_MUCH: Final = Check(
    "SG0011",
    "The file amounts to more than is read.",
    "A file has at most 1,000,000 values, those that aliases repeat counted as often as they are used, and nests "
    "at most 64 levels deep. A few lines of aliases of aliases can stand for billions of values; write out what "
    "is meant.",
)
NOT_A_DOCUMENT: Final = Check(
    "SG0012",
    "A document is not a mapping of keys.",
    "Each document of a file has keys at its top. Several documents are separated by `---`, or are the items of a "
    "Kubernetes `List`.",
)
UNKNOWN_KEY: Final = Check(
    "SG0013",
    "There is no such key.",
    "A key that nothing reads is refused, because it would have no effect without a word. The message names the "
    "nearest key there is, and lists them all.",
)
MISSING_KEY: Final = Check(
    "SG0014",
    "A key is missing.",
    "This mapping cannot do without the key. Write it; `expected` says what kind of value it has.",
)
WRONG_SHAPE: Final = Check(
    "SG0015",
    "This is another kind of value than is expected here.",
    "A list stands where a mapping belongs, say, or nothing stands here at all. Check the indentation: `- ` "
    "begins an item of a list, `key: ` an entry of a mapping.",
)
UNKNOWN_CHOICE: Final = Check(
    "SG0016",
    "This is none of the words that can stand here.",
    "The field has a few values, which `expected` lists; upper and lower case differ.",
)
NUMBER: Final = Check(
    "SG0017",
    "This is not a number as numbers are written here.",
    "Write decimal digits. YAML would read `010` as eight and `1:30` as ninety; here they are refused, so that "
    "nobody is surprised.",
)
TRUTH: Final = Check(
    "SG0018",
    "This is not true or false.",
    "Write `true` or `false` without quotes. Of YAML's other words (`on`, `no`, `y`) none is read: what they mean "
    "depends on the parser.",
)
DURATION: Final = Check(
    "SG0019",
    "This is not a duration.",
    "Write a number with its unit, as in `1s`, `250ms` or `1m30s`. A number alone is refused: whether it meant "
    "seconds or milliseconds would be a guess.",
)
SIZE: Final = Check(
    "SG0020",
    "This is not a size.",
    "Write a number of bytes, or one with a binary unit: `65536`, `64KiB`, `1MiB`.",
)
RANGE: Final = Check(
    "SG0021",
    "A number is out of its range.",
    "Ports lie between 1 and 65535, percentages between 0 and 100, weights are not negative. The message says "
    "which bounds this one has.",
)
REGEX: Final = Check(
    "SG0022",
    "This is not a regular expression that can be used.",
    "Expressions are RE2's, as Istio's and Envoy's are: no look-around, no back-references, at most 1024 "
    "characters. They match the whole value, so that no `^` and `$` are needed.",
)
REFUSED: Final = Check(
    "SG0023",
    "The value is refused.",
    "The value has the right type, and yet it cannot be used here, or not together with its neighbours; the "
    "message says why and what would do.",
)
EMPTY: Final = Check(
    "SG0024",
    "There is nothing in a file.",
    "It has no document: it is empty, or all of it is a comment. That is allowed, and rarely what is meant; a file "
    "that is being written for the moment should be put in its place by renaming it.",
)

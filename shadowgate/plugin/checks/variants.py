"""SG09: variants of an application, in the native form and as Iter8 writes them."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

NOTHING: Final = Check(
    "SG0901",
    "A ConfigMap of Iter8's does not have the YAML that belongs into it.",
    "What Iter8 reads stands as text below `data`: `spec: |` in subjects and routing policies, `strSpec: |` in "
    "routemaps, and YAML on the indented lines below it. One document, without `---`.",
)
SHORT_NAME: Final = Check(
    "SG0902",
    "A short name stands for no kind of object.",
    "`gvrs` and `gvrShort` name kinds as kubectl does: `svc`, `deploy`, `cm`, `pod` and those that the message lists.",
)
EMPTY: Final = Check(
    "SG0903",
    "An application has no variants.",
    "List them, the primary first. A routemap has `versions`, a subject `gvrs` and `variants`.",
)
NAMES: Final = Check(
    "SG0904",
    "A variant has not one name for each kind of object.",
    "With `gvrs: [svc, deploy]` each variant is a list of two names: `- [httpbin-v1, httpbin-v1]`.",
)
TRIGGER: Final = Check(
    "SG0905",
    "A routing policy follows something that cannot be followed.",
    "`trigger.owner` names a subject, which has one routing policy; `trigger.update` is one of its variants, counted "
    "from 1: `variant/2`.",
)
NO_SUBJECT: Final = Check(
    "SG0906",
    "A routing policy is for a subject that there is not.",
    "The owner is the name of a subject in the same namespace: the label `app.kubernetes.io/component` of its "
    "ConfigMap. Nothing is to be done when the subject is yet to come.",
)
SECOND: Final = Check(
    "SG0907",
    "Two ConfigMaps say what the variants of one application are.",
    "Keep one of them. A routemap `httpbin-routemap` and a subject `httpbin` are of the same application.",
)
TEMPLATE: Final = Check(
    "SG0908",
    "A routing template has something in it that is not read.",
    "Of Go's template language the patterns that Iter8's charts produce are read, and nothing else: "
    "`{{- if gt (index .Weights 1) 0 }}` with `{{- end }}`, on lines of their own, and `{{ index .Weights 0 }}`. Write "
    "the rest out, or use a routing policy.",
)
WEIGHT: Final = Check(
    "SG0909",
    "The annotation iter8.tools/weight is no weight.",
    'It is a whole number in quotes: `iter8.tools/weight: "20"`. Until then the weight of the specification holds, '
    "or 1.",
)
PROBE: Final = Check(
    "SG0910",
    "This is not a probe.",
    "A probe is exactly one of `http` with a path, `tcp` with an address, `dns` with a name and `file` with a path "
    "from the root.",
)
PATTERN: Final = Check(
    "SG0911",
    "A variant does not fit its pattern.",
    "With `canary` each variant but the first has a `match`, which others cannot have. With `mirror` the weight of "
    "each but the first is a percentage.",
)
TWICE: Final = Check(
    "SG0912",
    "Two variants of one application have one name.",
    "Probes, events and metrics speak of variants by their names. Those without one are called after what they go to.",
)

"""SG10: objects that are applied to a running gateway, and the store that keeps them."""

from __future__ import annotations

from typing import Final

from shadowgate.plugin.checks import Check

NO_OBJECT: Final = Check(
    "SG1001",
    "This is no object that can be applied.",
    "What is applied to a running gateway is kept, shown and deleted by what it is called: it has `apiVersion`, `kind` "
    "and `metadata.name`. Documents in the native form have none of them; they belong into a file.",
)
NAME: Final = Check(
    "SG1002",
    "This cannot be what an object is called.",
    "Names of objects are those of the Kubernetes API: lower-case letters, digits, `-` and `.`, at most 253 "
    "characters, beginning and ending with a letter or digit; those of namespaces have no `.` and at most 63. A name "
    "that YAML takes for a number or for true or false is put in quotes.",
)
TWICE: Final = Check(
    "SG1003",
    "One object is given twice.",
    "Which of the two is meant would be a guess. Remove one; the message says where the first stands.",
)
TWO_PLACES: Final = Check(
    "SG1004",
    "An object is in the store and somewhere else.",
    "Files and the store stand side by side, each object in one of them. Remove it from the file that the message "
    "names, or take it out of the store with `shadowgate delete KIND/NAME`.",
)
NO_SUCH_KIND: Final = Check(
    "SG1005",
    "There is no such kind of object.",
    "Nothing here reads this kind, and it is none that usually stands beside those that are read, as Deployments do. "
    "Check the spelling of `kind` and `apiVersion`.",
)
IMMUTABLE: Final = Check(
    "SG1006",
    "The object was made not to be changed.",
    "A ConfigMap or Secret with `immutable: true` keeps its data. Delete it and create it again.",
)
OTHER_NAMESPACE: Final = Check(
    "SG1007",
    "The object is in another namespace than the command line says.",
    "Leave out `--namespace`, give the one of the object, or take `metadata.namespace` out of the object.",
)
UNREADABLE: Final = Check(
    "SG1008",
    "A file of the store cannot be used.",
    "Each file of the store holds one object, at the place that its kind, namespace and name give it; the gateway "
    "writes them. Repair the file or move it out of the directory: it is not deleted, and the gateway does not start "
    "without it, because routing by half of the objects could send requests where they must not go.",
)

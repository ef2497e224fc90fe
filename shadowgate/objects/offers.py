"""What all sources have published, put together: whoever loads configurations is offered all of it at each change.

A source knows nothing of the others.  Nothing is read, compared or judged here: that happens where it is loaded, away
from requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from attrs import define, field

from shadowgate.config.clashes import STORE
from shadowgate.errors import Problem
from shadowgate.loader import Offer
from shadowgate.plugin import Document
from shadowgate.plugin.interfaces import Publish

FILES: Final = "files"


@define(eq=False)
class Offers:
    """``take`` is given the documents and problems of all channels whenever one of them publishes.

    Channels come in the order in which they first published or were held, the store's behind all others: an object
    that is applied is read after what was there before it.  ``published`` counts what was offered.
    """

    take: Publish
    published: int = field(default=0, init=False)
    _parts: dict[str, Offer] = field(factory=dict, init=False)

    def channel(self, name: str) -> Publish:
        """Return what a source is to publish by; each time it replaces what the channel said before."""
        return partial(self.publish, name)

    def hold(self, name: str, documents: Sequence[Document], problems: Sequence[Problem] = ()) -> None:
        """Note what a channel says without offering it: because nothing is served yet, or this is served already."""
        self._parts[name] = (tuple(documents), tuple(problems))

    def publish(self, name: str, documents: Sequence[Document], problems: Sequence[Problem] = ()) -> None:
        """Replace what a channel says and offer all there is."""
        self.hold(name, documents, problems)
        self.published += 1
        self.take(*self.union)

    @property
    def union(self) -> Offer:
        """What all channels say."""
        parts = [self._parts[name] for name in sorted(self._parts, key=lambda name: name == STORE)]
        return tuple(each for part in parts for each in part[0]), tuple(each for part in parts for each in part[1])

    def __repr__(self) -> str:
        said = ", ".join(f"{name} {len(documents)}" for name, (documents, _) in self._parts.items())
        return f"<offers: {said or 'none yet'}>"

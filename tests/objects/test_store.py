"""Objects by key, and their files."""

import os
from pathlib import Path

import pytest

from shadowgate.config.clashes import STORE, key_of
from shadowgate.model.gateways import GATEWAY_GROUP, ObjectKey
from shadowgate.objects.disk import Disk, StoreError
from shadowgate.objects.store import MEMORY, Store, file_name
from shadowgate.plugin import Report
from shadowgate.plugin.yaml import read_text

WEB = ObjectKey("", "Service", "default", "web")
SHOP = ObjectKey("apps", "Deployment", "other", "shop")


def root_of(text):
    (document,) = read_text(text, "given", Report())
    return document.root


WEB_ROOT = root_of("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {port: '80'}\n")
SHOP_ROOT = root_of("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, namespace: other}\n")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def reopen(path):
    """Open the store as the next start does."""
    opened = []

    def reopen():
        for store in opened:
            store.close()
        opened[:] = [Store(Disk(str(path)))]
        return opened[0]

    yield reopen
    for store in opened:
        store.close()


def fill(store):
    store.keep({WEB: store.as_kept(WEB, WEB_ROOT), SHOP: store.as_kept(SHOP, SHOP_ROOT)})


def test_an_object_is_a_file_that_can_be_read(reopen, path):
    fill(reopen())
    text = (path / "core/Service/default/web.yaml").read_text()
    assert text == 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  port: "80"\n'
    assert (path / "apps/Deployment/other/shop.yaml").exists()


def test_objects_are_there_at_the_next_start(reopen):
    before = reopen()
    fill(before)
    after = reopen()
    assert after.objects == before.objects
    assert after.documents == before.documents
    assert [document.position for document in after.documents] == [document.position for document in before.documents]
    assert {document.origin for document in after.documents} == {STORE}
    assert after.problems == ()


def test_an_object_that_is_gone_stays_so(reopen, path):
    store = reopen()
    fill(store)
    store.keep({WEB: None})
    assert list(store.objects) == [SHOP]
    assert list(reopen().objects) == [SHOP]
    assert not (path / "core/Service/default/web.yaml").exists()


def test_what_a_change_would_make_is_told_without_making_it(reopen):
    store = reopen()
    fill(store)
    (left,) = store.documents_with({WEB: None})
    assert key_of(left) == SHOP
    assert set(store.objects) == {WEB, SHOP}


def test_without_a_directory_objects_are_in_memory():
    store = Store()
    fill(store)
    assert set(store.objects) == {WEB, SHOP}
    assert not store.durable
    assert store.objects[WEB].position.source == f"{MEMORY}/core/Service/default/web.yaml"


def test_what_cannot_be_written_is_not_there(reopen, path, monkeypatch):
    store = reopen()

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match="No space left"):
        fill(store)
    assert store.objects == {}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("core/Service/default/web.yaml", "a: [", "cannot be read"),
        ("core/Service/default/web.yaml", "", "holds one object"),
        ("core/Service/default/web.yaml", "a: 1\n---\nb: 1\n", "found 2 documents"),
        ("core/Service/default/web.yaml", "routes: []\n", "holds one object"),
        ("core/Service/default/shop.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n", "belongs at"),
    ],
)
def test_a_file_that_is_no_object_is_a_problem_and_is_left_where_it_is(reopen, path, name, text, told):
    (path / name).parent.mkdir(parents=True)
    (path / name).write_text(text)
    store = reopen()
    problem = store.problems[-1]
    assert problem.severity == "error"
    assert problem.position.source == str(path / name)
    assert told in str(problem)
    assert store.objects == {}
    assert (path / name).read_text() == text


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (WEB, "core/Service/default/web.yaml"),
        (ObjectKey(GATEWAY_GROUP, "GatewayClass", "", "a.b"), f"{GATEWAY_GROUP}/GatewayClass/-/a.b.yaml"),
    ],
)
def test_where_an_object_is_kept_follows_from_what_it_is_called(key, name):
    assert file_name(key) == name


def test_names_longer_than_a_file_may_have_are_kept_apart(reopen):
    store = reopen()
    keys = [ObjectKey("", "Service", "default", "a" * 252 + end) for end in "bc"]
    for key in keys:
        root = root_of(f"apiVersion: v1\nkind: Service\nmetadata: {{name: {key.name}}}\n")
        store.keep({key: store.as_kept(key, root)})
    assert all(len(Path(file_name(key)).name) < 255 for key in keys)
    assert set(reopen().objects) == set(keys)

"""The drop-in of the bundled components: what it names exists, is what it says, and is held to its contract."""

from importlib import import_module, util
from pathlib import Path

import pytest
from zope.interface.verify import verifyClass

from shadowgate.plugin import API_VERSION, Plugin, describe
from shadowgate.plugin.interfaces import IBalancer, IFilter, IGenerator, IMatcher, IMirrorPolicy, IRetryPolicy

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    IMatcher: "test_matchers.py",
    IBalancer: "test_balancers.py",
    IRetryPolicy: "test_retry_policies.py",
    IFilter: "test_filters.py",
    IMirrorPolicy: "test_mirror_policies.py",
    IGenerator: "test_generators.py",
}


def declared():
    path = ROOT / "twisted" / "plugins" / "shadowgate_components.py"
    spec = util.spec_from_file_location("shadowgate_components_under_test", path)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [value for value in vars(module).values() if isinstance(value, Plugin)]


@pytest.fixture(params=declared(), ids=lambda plugin: f"{plugin.point.__name__} {plugin.name}")
def plugin(request):
    return request.param


def component_of(plugin):
    module, _, name = plugin.target.rpartition(".")
    return getattr(import_module(module), name)


def test_its_target_can_be_imported_and_provides_its_interface(plugin):
    verifyClass(plugin.point, component_of(plugin))


def test_it_is_written_for_the_current_contract(plugin):
    assert plugin.api == API_VERSION


def test_its_options_can_be_read_from_yaml(plugin):
    assert all(option.doc for option in describe(component_of(plugin)))


def test_a_contract_suite_makes_it(plugin):
    suite = CONTRACTS.get(plugin.point)
    if suite is not None:
        module = plugin.target.rpartition(".")[0]
        assert f"from {module} import" in (ROOT / "tests" / "contracts" / suite).read_text()


def test_no_two_components_of_one_interface_share_a_name():
    names = [(plugin.point, plugin.name) for plugin in declared()]
    assert len(names) == len(set(names)) >= 31


def test_listing_the_components_imports_none_of_them():
    source = (ROOT / "twisted" / "plugins" / "shadowgate_components.py").read_text()
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert imports and all(line.startswith("from shadowgate.plugin.") for line in imports)


def test_the_drop_in_folders_are_no_packages_of_their_own():
    assert not list((ROOT / "twisted").rglob("__init__.py"))

"""One policy over another, block by block."""

from shadowgate.model import (
    NO_POLICY,
    ConnectionPool,
    Locality,
    OutlierDetection,
    PluginUse,
    RetryBudget,
    TrafficPolicy,
    Warmup,
)

HOST = TrafficPolicy(
    PluginUse("round-robin"),
    Warmup(30.0),
    Locality(),
    ConnectionPool(max_retries=1),
    OutlierDetection(),
    RetryBudget(),
)


def test_who_says_nothing_has_everything_of_the_base():
    assert NO_POLICY.over(HOST) == HOST


def test_a_block_replaces_the_whole_block():
    over = TrafficPolicy(pool=ConnectionPool(max_pending=5)).over(HOST)
    assert over.pool == ConnectionPool(max_pending=5)
    assert (over.balancer, over.outlier, over.retry_budget) == (HOST.balancer, HOST.outlier, HOST.retry_budget)


def test_balancer_warm_up_and_locality_are_one_block():
    over = TrafficPolicy(PluginUse("random")).over(HOST)
    assert (over.balancer, over.warmup, over.locality, over.pool) == (PluginUse("random"), None, None, HOST.pool)


def test_who_does_not_inherit_stays_alone():
    alone = TrafficPolicy(pool=ConnectionPool(), inherits=False)
    assert alone.over(HOST) is alone

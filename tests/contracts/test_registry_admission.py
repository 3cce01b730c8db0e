import pytest
from expectations import emitted, expected, reverts

from offchain.reference.state import NOBODY


@pytest.fixture
def registry(project, owner, candidates):
    """Of the first two candidates, kept by `owner`."""
    return owner.deploy(project.RegistryAdmission, owner, candidates[:2])


def test_who_is_listed_at_the_start_is_admitted(registry, candidates):
    assert [registry.isAdmitted(client, b"") for client in candidates[:3]] == [True, True, False]


def test_the_owner_adds_and_removes(registry, owner, candidates):
    tx = registry.list(candidates[1:4], sender=owner)
    assert emitted(tx) == expected(*(registry.Listed(client=each.address) for each in candidates[2:4]))
    tx = registry.unlist([candidates[0], candidates[5]], sender=owner)
    assert emitted(tx) == expected(registry.Unlisted(client=candidates[0].address))
    assert [registry.isAdmitted(each, b"any") for each in candidates[:5]] == [False, True, True, True, False]


@pytest.mark.parametrize("call", ["list", "unlist"])
def test_nobody_else_does(registry, outsider, candidates, call):
    with reverts(registry.OwnableUnauthorizedAccount, account=outsider.address):
        getattr(registry, call)([candidates[1]], sender=outsider)
    assert registry.isListed(candidates[1])


def test_a_new_owner_has_to_accept(registry, owner, outsider, candidates):
    registry.transferOwnership(outsider, sender=owner)
    assert (registry.owner(), registry.pendingOwner()) == (owner, outsider)
    registry.acceptOwnership(sender=outsider)
    with reverts(registry.OwnableUnauthorizedAccount, account=owner.address):
        registry.list([candidates[3]], sender=owner)
    registry.list([candidates[3]], sender=outsider)
    assert registry.isAdmitted(candidates[3], b"")


def test_a_registry_without_an_owner_is_refused(project, owner):
    with reverts(project.RegistryAdmission.OwnableInvalidOwner, owner=NOBODY):
        owner.deploy(project.RegistryAdmission, NOBODY, [])

from offchain.reference import commitments

SALT = b"\x51" * 32


def test_contract_and_reference_compute_the_same(project, owner):
    source = owner.deploy(project.SimulatedSeed, SALT)
    assert source.SALT() == SALT
    for number in (1, 2, 2**24 - 1):
        assert source.seed(number, 5, b"") == commitments.simulated_seed(SALT, number)


def test_anchor_and_proof_change_nothing(project, owner):
    source = owner.deploy(project.SimulatedSeed, SALT)
    assert source.seed(1, 5, b"") == source.seed(1, 6, b"proof")


def test_another_salt_gives_other_seeds(project, owner):
    first, second = (owner.deploy(project.SimulatedSeed, bytes([salt]) * 32) for salt in (1, 2))
    assert first.seed(1, 5, b"") != second.seed(1, 5, b"")

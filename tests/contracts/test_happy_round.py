"""One round from the first deposit to the last withdrawal, step by step."""

from deployment import DEFAULTS, DEPOSIT, Deployment

from offchain.reference import commitments
from offchain.reference.state import Phase

STAKE, VOTE = DEFAULTS["proposerStake"], DEFAULTS["voterStake"]


def test_a_round_from_deposit_to_withdrawal(deploy, candidates, outsider):
    # 1. Contracts stand, and nobody is a member.
    game: Deployment = deploy(members=0)
    token, pool, manager = game.token, game.pool, game.manager
    assert manager.memberCount() == 0

    # 2. Eight data owners deposit a hundred tokens each and join.
    clients = candidates[:8]
    for client in clients:
        token.transfer(client, DEPOSIT, sender=game.owner)
        token.approve(pool, DEPOSIT, sender=client)
        pool.deposit(DEPOSIT, sender=client)
        manager.join(b"", sender=client)
    game.clients = list(clients)
    assert token.balanceOf(pool) == 8 * DEPOSIT

    # 3. A keeper, who has no stake in it, opens a round and draws its seed two blocks later.
    manager.openRound(sender=outsider)
    game.mine(game.seedDelay)
    manager.draw(b"", sender=outsider)

    # 4. The seed seats two proposers and five voters; one member has nothing to do.
    assert manager.seats() == (2, 5)
    by_position = {manager.positionOf(client): client for client in clients}
    honest, poisoner = by_position[0], by_position[1]
    voters = [by_position[position] for position in range(2, 7)]
    onlooker = by_position[7]

    # 5. The proposers lock their stakes and commit to updates that nobody can see.
    roots = {honest: b"\xaa" * 32, poisoner: b"\xbb" * 32}
    salts = {client: commitments.digest(str(client), 99) for client in clients}
    for proposer, root in roots.items():
        digest = manager.updateCommitment(proposer, root, 1, salts[proposer])
        manager.propose(digest, sender=proposer)
    assert manager.phase() == Phase.PUBLISH

    # 6. They show what they committed to.
    for proposer, root in roots.items():
        manager.publish(root, 1, salts[proposer], sender=proposer)
    assert manager.head().published == 0b11

    # 7. Five voters lock their stakes and commit to ballots: four accept the first update, one the second.
    ballots = dict(zip(voters, [0b01, 0b01, 0b01, 0b01, 0b10], strict=True))
    for voter, ballot in ballots.items():
        manager.commitBallot(manager.ballotCommitment(voter, ballot, salts[voter]), sender=voter)
    assert manager.phase() == Phase.REVEAL

    # 8. They open their ballots.
    for voter, ballot in ballots.items():
        manager.revealBallot(ballot, salts[voter], sender=voter)
    assert manager.phase() == Phase.CLOSE

    # 9. The keeper finalises, hours before the schedule ends: the first update makes the next global model.
    manager.finalise(sender=outsider)
    assert manager.model() == commitments.extend(game.rules, 1, {0: (roots[honest], 1)})
    assert game.now < game.ends_at

    # 10. Everybody is settled. The poisoner's stake is in the pool for later rounds.
    for client in (honest, poisoner, *voters):
        manager.settle(1, client, sender=outsider)
    part = VOTE // 2
    right = VOTE - 2 * part + 2 * (5 * part // 4)
    wrong = VOTE - 2 * part
    assert manager.accountOf(honest).free == DEPOSIT
    assert manager.accountOf(poisoner).free == DEPOSIT - STAKE
    assert [manager.accountOf(voter).free - DEPOSIT for voter in voters] == [right - VOTE] * 4 + [
        wrong - VOTE
    ]
    assert manager.accountOf(onlooker).free == DEPOSIT
    assert manager.rewardPool() == STAKE + 5 * VOTE - 4 * right - wrong

    # 11. The honest proposer takes what it has above its bond, and stays.
    manager.withdraw(DEPOSIT - game.bond, sender=honest)
    assert token.balanceOf(honest) == DEPOSIT - game.bond

    # 12. The poisoner leaves, waits for its unbonding, and takes the rest.
    manager.requestExit(sender=poisoner)
    game.warp(manager.accountOf(poisoner).releaseAt)
    manager.withdraw(DEPOSIT - STAKE, sender=poisoner)
    assert token.balanceOf(poisoner) == DEPOSIT - STAKE

    # 13. The next round builds on the new model, and its proposers play for the poisoner's stake.
    tx = manager.openRound(sender=outsider)
    assert (
        manager.RoundOpened(round=2, members=7, model=manager.model(), pot=manager.rewardPool()) in tx.events
    )

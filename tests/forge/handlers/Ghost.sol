// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Seat} from "../../../contracts/libraries/Clients.sol";
import {Deployment} from "../support/Deployment.sol";
import {Rules} from "../support/Rules.sol";
import {vm} from "../support/Vm.sol";

/// @title Ghost
/// @notice The protocol a second time, written from its document and not from the contracts: plain fields, no packed words,
/// payouts counted ballot by ballot when a round ends. It says of every call whether it must succeed.
abstract contract Ghost is Deployment {
    uint256 internal constant NOWHERE = type(uint256).max;

    struct Member {
        uint256 free;
        uint256 releaseAt;
        uint256 strikes;
        bool isMember;
        bool removed;
        address operator; // Beside the client's own key; zero for none.
        bool atOpening; // Was a member when the open round opened.
        uint256 position; // In the open round, once drawn.
        uint256 round; // Of its last seat.
        Seat seat;
        bytes24 commitment;
        uint256 ballot;
        uint256 lock;
        uint256 due; // What the last seat pays, fixed when its round ends.
    }

    struct Round {
        uint256 number;
        bool open;
        uint256 anchor;
        uint256 drawnAt;
        uint256 members;
        uint256 proposers; // S.
        uint256 voters; // V.
        uint256 openProposers;
        uint256 openVoters;
        uint256 updates;
        uint256 unpublished;
        uint256 published; // Mask.
        uint256 committed; // C.
        uint256 pot;
        uint256 locks;
    }

    mapping(address => Member) internal clients;
    mapping(uint256 position => bytes32) internal roots;
    mapping(uint256 position => uint256) internal samples;
    Round internal round;
    address[] internal actors;
    uint256[] internal ballots; // Revealed in the open round, masked.
    uint256 public ghostPool;
    uint256 public ghostBudget;
    uint256 public ghostEscrow;
    uint256 public ghostDonated;
    uint256 public ghostSwept;
    uint256 public ghostMembers;
    bytes32 public ghostModel;

    /* CLOCK */

    function ghostPhase() public view returns (IRoundManager.Phase) {
        Round storage r = round;
        uint256 time = vm.getBlockTimestamp();
        uint256 ends = r.drawnAt + p.proposeFor;
        if (!r.open) return IRoundManager.Phase.Idle;
        if (r.drawnAt == 0) return IRoundManager.Phase.Draw;
        if (r.openProposers > 0 && time < ends) return IRoundManager.Phase.Propose;
        ends += p.publishFor;
        if (r.unpublished > 0 && time < ends) return IRoundManager.Phase.Publish;
        ends += p.voteFor;
        if (r.published > 0 && r.openVoters > 0 && time < ends) return IRoundManager.Phase.Vote;
        ends += p.revealFor;
        if (r.committed > ballots.length && time < ends) return IRoundManager.Phase.Reveal;
        return IRoundManager.Phase.Close;
    }

    function _isOver() internal view returns (bool) {
        return p.maxRounds != 0 && round.number == p.maxRounds && !round.open;
    }

    /* WHAT MAY BE DONE */

    function _mayJoin(address a) internal view returns (bool) {
        Member storage m = clients[a];
        return !m.removed && !m.isMember && m.free + _due(a) >= p.bond;
    }

    /// @dev What `a` can take out now.
    function _available(address a) internal view returns (uint256) {
        Member storage m = clients[a];
        uint256 free = m.free + _due(a);
        if (m.isMember) return free > p.bond ? free - p.bond : 0;
        bool released = vm.getBlockTimestamp() >= m.releaseAt || _isOver();
        return !released || _isLocked(a) || _hasDuty(a) ? 0 : free;
    }

    /// @dev Whether a withdrawal of nothing, which is allowed wherever some withdrawal is, may be made.
    function _mayWithdraw(address a, uint256 amount) internal view returns (bool) {
        Member storage m = clients[a];
        bool barred = !m.isMember
            && (_isLocked(a) || _hasDuty(a) || (vm.getBlockTimestamp() < m.releaseAt && !_isOver()));
        return !barred && amount <= _available(a);
    }

    function _mayOpen() internal view returns (bool) {
        return !round.open && !_isOver() && ghostMembers >= p.minMembers
            && (round.number == 0 || vm.getBlockTimestamp() >= round.drawnAt + p.interval);
    }

    /// @dev From when on the pool can be swept while no round is open: since the last draw, or the deployment.
    function _sweepableAt() internal view returns (uint256) {
        return round.drawnAt + (ghostMembers == 0 ? p.unbonding : p.interval + 365 days);
    }

    function _maySweep() internal view returns (bool) {
        return
            p.treasury != address(0)
                && (_isOver() || (!round.open && vm.getBlockTimestamp() >= _sweepableAt()));
    }

    function _mayDraw() internal view returns (bool) {
        uint256 number = vm.getBlockNumber();
        return
            ghostPhase() == IRoundManager.Phase.Draw && number > round.anchor && number <= round.anchor + 256;
    }

    function _mayPropose(address a) internal view returns (bool) {
        return ghostPhase() == IRoundManager.Phase.Propose && _mayLock(a, p.proposerStake)
            && clients[a].position < round.proposers;
    }

    function _mayCommitBallot(address a) internal view returns (bool) {
        uint256 position = clients[a].position;
        return ghostPhase() == IRoundManager.Phase.Vote && _mayLock(a, p.voterStake)
            && position >= round.proposers && position < round.proposers + round.voters;
    }

    function _mayLock(address a, uint256 stake) private view returns (bool) {
        Member storage m = clients[a];
        return m.isMember && _seatNow(a) == Seat.None && m.free + _due(a) >= stake;
    }

    function _mayPublish(address a) internal view returns (bool) {
        return ghostPhase() == IRoundManager.Phase.Publish && _seatNow(a) == Seat.Committed;
    }

    function _mayReveal(address a) internal view returns (bool) {
        return ghostPhase() == IRoundManager.Phase.Reveal && _seatNow(a) == Seat.Voted;
    }

    function _mayMarkAbsent(address a) internal view returns (bool) {
        uint256 position = clients[a].position;
        if (!round.open || round.drawnAt == 0 || _seatNow(a) != Seat.None) return false;
        if (position >= round.proposers + round.voters) return false;
        uint256 deadline = round.drawnAt + p.proposeFor;
        if (position < round.proposers) return vm.getBlockTimestamp() >= deadline;
        return vm.getBlockTimestamp() >= deadline + p.publishFor + p.voteFor && round.published != 0;
    }

    function _mayFinalise() internal view returns (bool) {
        if (ghostPhase() != IRoundManager.Phase.Close) return false;
        uint256 since = vm.getBlockTimestamp() - round.drawnAt;
        if (since >= _schedule() + p.markFor) return true;
        bool isMarkable = round.openProposers != 0 || (round.published != 0 && round.openVoters != 0);
        return !isMarkable && (round.unpublished == 0 || since >= _schedule());
    }

    function _maySettle(address a, uint256 number) internal view returns (bool) {
        return clients[a].round == number && clients[a].lock != 0 && (number != round.number || !round.open);
    }

    /* WHAT IT DOES */

    function _joined(address a) internal {
        _settled(a);
        clients[a].isMember = true;
        clients[a].releaseAt = 0;
        ++ghostMembers;
    }

    function _left(address a) internal {
        _settled(a);
        if (_hasDuty(a)) _missed(a);
        if (clients[a].isMember) _dismissed(a);
    }

    function _opened() internal {
        delete ballots;
        delete round;
        round.number = manager.head().round;
        round.open = true;
        round.anchor = vm.getBlockNumber() + p.seedDelay;
        round.members = ghostMembers;
        round.pot = ghostPool;
        (round.proposers, round.voters) = Rules.seats(ghostMembers, p.proposerBps, p.voterSeats);
        (round.openProposers, round.openVoters) = (round.proposers, round.voters);
        for (uint256 i; i < actors.length; ++i) {
            clients[actors[i]].atOpening = clients[actors[i]].isMember;
            clients[actors[i]].position = NOWHERE;
        }
    }

    /// @dev Seats are read once, at the draw, where they must be a permutation; invariants compare them ever after.
    function _drawn() internal {
        round.drawnAt = vm.getBlockTimestamp();
        uint256 taken;
        for (uint256 i; i < actors.length; ++i) {
            Member storage m = clients[actors[i]];
            if (!m.atOpening) continue;
            m.position = manager.positionOf(actors[i]);
            vm.assertTrue(m.position < round.members, "seat beyond the members");
            vm.assertTrue((taken >> m.position) & 1 == 0, "seat given twice");
            taken |= 1 << m.position;
        }
        vm.assertEq(taken, (1 << round.members) - 1, "seat given to nobody");
    }

    function _proposed(address a, bytes24 commitment) internal {
        _locked(a, Seat.Committed, p.proposerStake, commitment);
        --round.openProposers;
        ++round.updates;
        ++round.unpublished;
    }

    function _published(address a, bytes32 root, uint256 count) internal {
        uint256 position = clients[a].position;
        vm.assertTrue((round.published >> position) & 1 == 0, "I7: published twice");
        clients[a].seat = Seat.Published;
        round.published |= 1 << position;
        --round.unpublished;
        (roots[position], samples[position]) = (root, count);
    }

    function _committedBallot(address a, bytes24 commitment) internal {
        _locked(a, Seat.Voted, p.voterStake, commitment);
        --round.openVoters;
        ++round.committed;
    }

    function _revealed(address a, uint256 ballot) internal {
        clients[a].seat = Seat.Revealed;
        clients[a].ballot = ballot & round.published;
        ballots.push(ballot & round.published);
    }

    function _markedAbsent(address a) internal {
        _settled(a);
        _missed(a);
    }

    /// @dev Marked, or left: the same.
    function _missed(address a) private {
        Member storage m = clients[a];
        bool proposes = m.position < round.proposers;
        _seatGivenUp(a);
        bool canStake = !m.isMember || m.free >= (proposes ? p.proposerStake : p.voterStake);
        if (canStake) ++m.strikes;
        if (!canStake || (p.maxStrikes != 0 && m.strikes == p.maxStrikes)) {
            m.removed = true;
            if (m.isMember) _dismissed(a);
        }
        if (canStake) _penalised(a, p.absencePenalty);
    }

    /// @dev Whatever of the round's locks and pot is not paid out stays in the pool, or gets there (I3).
    function _finalised() internal {
        bool isVoid =
            Rules.isVoid(round.published, round.voters, p.quorumBps, round.committed, ballots.length);
        uint256 included = isVoid ? 0 : Rules.included(ballots, round.published, round.committed);
        uint256 rejected = isVoid ? 0 : Rules.rejected(ballots, round.published, round.committed);
        uint256 rewards =
            isVoid ? 0 : Rules.ones(included) * p.proposerReward + ballots.length * p.voterReward;
        if (rewards > ghostBudget) rewards = 0;
        uint256 payouts;
        for (uint256 i; i < actors.length; ++i) {
            Member storage m = clients[actors[i]];
            if (m.round != round.number || m.lock == 0) continue;
            if (m.seat == Seat.Published) {
                if ((rejected >> m.position) & 1 == 0) m.due = m.lock;
                if ((included >> m.position) & 1 == 1) {
                    m.due += round.pot / Rules.ones(included) + (rewards == 0 ? 0 : p.proposerReward);
                }
            } else if (m.seat == Seat.Revealed) {
                m.due = isVoid
                    ? m.lock
                    : Rules.voterPayout(ballots, m.ballot, round.published, round.committed, m.lock);
                if (rewards != 0) m.due += p.voterReward;
            }
            payouts += m.due;
        }
        ghostBudget -= rewards;
        ghostPool = ghostPool + rewards + round.locks - payouts;
        ghostEscrow = ghostEscrow + payouts - round.locks;
        if (included != 0) ghostModel = _extended(included);
        round.open = false;
        delete ballots;
    }

    /// @dev I21: a model's id binds the one before it, the round, which proposals, and the list of their updates.
    function _extended(uint256 included) private view returns (bytes32) {
        bytes32 list;
        for (uint256 j; j < 16; ++j) {
            if ((included >> j) & 1 == 1) list = keccak256(abi.encode(list, roots[j], samples[j]));
        }
        return keccak256(abi.encode(ghostModel, round.number, included, list));
    }

    /// @dev Pays the last seat, if its round is over.
    function _settled(address a) internal {
        if (!_isPayable(a)) return;
        Member storage m = clients[a];
        ghostEscrow -= m.due;
        m.free += m.due;
        (m.seat, m.lock, m.due) = (Seat.None, 0, 0);
    }

    /* INTERNAL */

    /// @dev Locked in the open round.
    function _isLocked(address a) internal view returns (bool) {
        return round.open && clients[a].lock != 0 && clients[a].round == round.number;
    }

    function _isPayable(address a) internal view returns (bool) {
        return clients[a].lock != 0 && !_isLocked(a);
    }

    function _due(address a) internal view returns (uint256) {
        return _isPayable(a) ? clients[a].due : 0;
    }

    function _seatNow(address a) internal view returns (Seat) {
        return clients[a].round == round.number ? clients[a].seat : Seat.None;
    }

    function _hasDuty(address a) internal view returns (bool) {
        uint256 position = clients[a].position;
        if (!round.open || round.drawnAt == 0 || _seatNow(a) != Seat.None) return false;
        if (position < round.proposers) return true;
        if (position >= round.proposers + round.voters) return false;
        return round.published != 0 || ghostPhase() <= IRoundManager.Phase.Publish;
    }

    function _locked(address a, Seat seat, uint256 stake, bytes24 commitment) private {
        _settled(a);
        Member storage m = clients[a];
        m.free -= stake;
        (m.round, m.seat, m.lock, m.due) = (round.number, seat, stake, 0);
        (m.commitment, m.strikes) = (commitment, 0);
        round.locks += stake;
        ghostEscrow += stake;
    }

    function _seatGivenUp(address a) private {
        if (clients[a].position < round.proposers) --round.openProposers;
        else --round.openVoters;
        (clients[a].round, clients[a].seat) = (round.number, Seat.Absent);
    }

    function _penalised(address a, uint256 penalty) private {
        uint256 paid = clients[a].free < penalty ? clients[a].free : penalty;
        clients[a].free -= paid;
        ghostPool += paid;
    }

    function _dismissed(address a) private {
        clients[a].isMember = false;
        clients[a].releaseAt = vm.getBlockTimestamp() + (_isOver() ? 0 : p.unbonding);
        --ghostMembers;
    }
}

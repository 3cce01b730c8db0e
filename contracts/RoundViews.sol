// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRoundManager} from "./interfaces/IRoundManager.sol";
import {Client, Clients, Seat} from "./libraries/Clients.sol";
import {Commitments} from "./libraries/Commitments.sol";
import {Head, Heads} from "./libraries/Heads.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {Ledger} from "./libraries/Ledger.sol";
import {Roster} from "./libraries/Roster.sol";
import {Seats} from "./libraries/Seats.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Tallies, Tally} from "./libraries/Tallies.sol";
import {RoundParameters} from "./RoundParameters.sol";

// slither-disable-start timestamp: the clock is the schedule; phases last far longer than a builder can shift a block.
// slither-disable-start incorrect-equality: of counters, commitments and packed words; no balance is compared.

/// @title RoundViews
/// @dev The half of {RoundManager} that only reads: storage, the clock, who sits where, every view. Nothing here writes
/// after the constructor.
abstract contract RoundViews is RoundParameters {
    using Roster for Roster.State;

    /* CONSTANTS */

    uint256 private constant MAX_ROUND = type(uint24).max;

    /* STORAGE */

    /// @inheritdoc IRoundManager
    bytes32 public model;
    Head internal _head;
    Tally internal _tally;
    Roster.State internal _roster;
    mapping(address client => Client) internal _clients;
    mapping(uint256 position => bytes32 root) internal _roots;
    uint256 internal _samples; // Sixteen lanes of 16 bits, by seat position.
    mapping(uint256 round => Record) internal _records;
    Ledger.State internal _ledger;

    /* CONSTRUCTOR */

    constructor() {
        model = _RULES;
        _head = Heads.genesis(block.timestamp);
        _tally = Tallies.EMPTY;
    }

    /* VIEWS */

    /// @inheritdoc IRoundManager
    function phase() external view returns (Phase) {
        return _phase(_head);
    }

    /// @inheritdoc IRoundManager
    function head() external view returns (RoundState memory) {
        return _head.unpacked(_seats(_head));
    }

    /// @inheritdoc IRoundManager
    function tally() external view returns (Tally) {
        return _tally;
    }

    /// @inheritdoc IRoundManager
    function record(uint256 round) external view returns (Record memory) {
        return _records[round];
    }

    /// @inheritdoc IRoundManager
    function update(uint256 position) external view returns (Update memory) {
        return Update(_roots[position], Lanes.get(_samples, position));
    }

    /// @inheritdoc IRoundManager
    function clientOf(address client) external view returns (ClientState memory) {
        return _clients[client].unpacked();
    }

    /// @inheritdoc IRoundManager
    function accountOf(address client) external view returns (Ledger.Account memory) {
        return _ledger.accounts[client];
    }

    /// @inheritdoc IRoundManager
    function rewardPool() external view returns (uint256) {
        return _ledger.rewardPool;
    }

    /// @inheritdoc IRoundManager
    function budget() external view returns (uint256) {
        return _ledger.accounts[Ledger.BUDGET].free;
    }

    /// @inheritdoc IRoundManager
    function memberCount() external view returns (uint256) {
        return _roster.count;
    }

    /// @inheritdoc IRoundManager
    function memberAt(uint256 index) external view returns (address) {
        return _roster.members[index];
    }

    /// @inheritdoc IRoundManager
    function seats() external view returns (uint256 proposers, uint256 voters) {
        Head h = _head;
        return (h.proposers(), _seats(h) - h.proposers());
    }

    /// @inheritdoc IRoundManager
    function positionOf(address client) external view returns (uint256) {
        return _position(_head, client, _clients[client]);
    }

    /// @inheritdoc IRoundManager
    function escrowOf(address client) external view returns (uint256) {
        Head h = _head;
        Client c = _clients[client];
        if (!c.isPayable()) return 0;
        if (c.round() != h.round() || h.finalised()) return _payout(c);
        return c.seat() == Seat.Committed || c.seat() == Seat.Published ? _PROPOSER_STAKE : _VOTER_STAKE;
    }

    /// @inheritdoc IRoundManager
    function updateCommitment(address client, bytes32 root, uint256 samples, bytes32 salt)
        external
        view
        returns (bytes24)
    {
        return Commitments.ofUpdate(_head.round(), client, root, samples, salt);
    }

    /// @inheritdoc IRoundManager
    function ballotCommitment(address client, uint16 ballot, bytes32 salt) external view returns (bytes24) {
        return Commitments.ofBallot(_head.round(), client, ballot, salt);
    }

    /* INTERNAL: CLOCK */

    function _phase(Head h) internal view returns (Phase) {
        if (h.finalised()) return Phase.Idle;
        if (h.drawnAt() == 0) return Phase.Draw;
        if (h.openProposers() != 0 && block.timestamp < _SCHEDULE.proposeEnds(h)) return Phase.Propose;
        if (h.unpublished() != 0 && block.timestamp < _SCHEDULE.publishEnds(h)) return Phase.Publish;
        if (h.awaitedVoters() != 0 && block.timestamp < _SCHEDULE.voteEnds(h)) return Phase.Vote;
        if (block.timestamp < _SCHEDULE.revealEnds(h) && _tally.revealed() < h.ballots()) {
            return Phase.Reveal;
        }
        return Phase.Close;
    }

    function _requirePhase(Head h, Phase expected) internal view {
        Phase actual = _phase(h);
        require(actual == expected, WrongPhase(h.round(), actual, expected));
    }

    /// @dev Silent voters need no look: with a ballot unrevealed the phase is Reveal until the schedule ends.
    function _requireNoOpenSeat(Head h) internal view {
        (uint256 proposers, uint256 unpublished, uint256 voters) =
            (h.openProposers(), h.unpublished(), h.awaitedVoters());
        // The absent must not end the round before anyone could mark them; an update unpublished is nothing to mark.
        uint256 endsAt = _SCHEDULE.revealEnds(h) + (proposers + voters == 0 ? 0 : _MARK_FOR);
        require(
            block.timestamp >= endsAt || proposers + unpublished + voters == 0,
            SeatsOpen(h.round(), proposers, unpublished, voters, endsAt)
        );
    }

    /// @dev Whether all rounds were played.
    function _isOver(Head h) internal view returns (bool) {
        return _MAX_ROUNDS != 0 && h.round() == _MAX_ROUNDS && h.finalised();
    }

    /// @dev Whether what is free of one who is no member leaves custody.
    function _requireReleased(Head h, address client, Client c, uint256 releaseAt) internal view {
        // A seat kept from before the draw may still be marked: its penalty must not be gone by then.
        require(!c.isPayable() && !_hasDuty(h, client, c), SeatUnsettled(h.round(), client));
        require(block.timestamp >= releaseAt || _isOver(h), TooEarly(block.timestamp, releaseAt));
    }

    /// @dev Whether a round may follow, now and with so many members.
    function _requireOpenable(Head h, uint256 members) internal view {
        require(!_isOver(h), RoundsExhausted(_MAX_ROUNDS));
        require(members >= _MIN_MEMBERS, TooFewMembers(members, _MIN_MEMBERS));
        uint256 opensAt = h.round() == 0 ? 0 : h.drawnAt() + _INTERVAL;
        require(block.timestamp >= opensAt, TooEarly(block.timestamp, opensAt));
        require(h.round() < MAX_ROUND, RoundsExhausted(MAX_ROUND));
    }

    /// @dev Whether what is left can be won by nobody any more, or nobody cares to.
    function _requireSweepable(Head h) internal view {
        if (_isOver(h)) return;

        _requirePhase(h, Phase.Idle);
        uint256 sweepableAt = h.drawnAt() + (_roster.count == 0 ? _UNBONDING : _INTERVAL + 365 days);
        require(block.timestamp >= sweepableAt, TooEarly(block.timestamp, sweepableAt));
    }

    /* INTERNAL: SEATS */

    /// @dev All seats, S + V: the first position that has none.
    function _seats(Head h) internal view returns (uint256) {
        // No overflow: members fit 24 bits.
        unchecked {
            return Math.min(h.proposers() + _VOTER_SEATS, h.members());
        }
    }

    function _position(Head h, address client, Client c) internal view returns (uint256) {
        uint256 place = h.shuffled() ? _roster.placeAtOpening(client, h.round(), c.place()) : c.place();
        if (place == 0 || place > h.members()) return type(uint256).max;

        return Seats.position(h.seed(), place - 1, h.members(), h.side());
    }

    function _requirePosition(Head h, address client, Client c, uint256 first, uint256 end)
        internal
        view
        returns (uint256 position)
    {
        position = _position(h, client, c);
        require(position >= first && position < end, NotSeated(h.round(), client, position, first, end));
    }

    function _requireIdleSeat(Head h, address client, Client c, uint256 first, uint256 end) internal view {
        require(c.isMember(), NotMember(client));
        _requireSeat(h, client, c, Seat.None);
        _requirePosition(h, client, c, first, end);
    }

    function _requireSeat(Head h, address client, Client c, Seat expected) internal pure {
        Seat actual = c.round() == h.round() ? c.seat() : Seat.None;
        require(actual == expected, UnexpectedSeat(h.round(), client, actual, expected));
    }

    /// @dev A seat that locked nothing by its deadline. It need not be a member's: one that left before the draw kept it.
    function _requireMissedSeat(Head h, address client, Client c) internal view returns (bool proposes) {
        _requireSeat(h, client, c, Seat.None);
        proposes = _requirePosition(h, client, c, 0, _seats(h)) < h.proposers();

        uint256 deadline = proposes ? _SCHEDULE.proposeEnds(h) : _SCHEDULE.voteEnds(h);
        require(block.timestamp >= deadline, TooEarly(block.timestamp, deadline));
        require(proposes || h.published() != 0, NoDuty(h.round(), client));
    }

    function _requireOpening(Client c, bytes24 opened) internal pure {
        require(c.commitment() == opened, CommitmentMismatch(c.commitment(), opened));
    }

    /// @dev Whether the client holds a seat of the open round that still waits for its act.
    function _hasDuty(Head h, address client, Client c) internal view returns (bool) {
        bool hasActed = c.round() == h.round() && !c.did(Seat.None);
        if (h.finalised() || h.drawnAt() == 0 || hasActed) return false;

        uint256 position = _position(h, client, c);
        if (position < h.proposers()) return true;
        // Voters owe nothing once it is clear that nothing is published.
        return position < _seats(h) && (h.published() != 0 || _phase(h) <= Phase.Publish);
    }

    function _isVoid(Head h) internal view returns (bool) {
        uint256 quorum = Math.ceilDiv((_seats(h) - h.proposers()) * _QUORUM_BPS, 10_000);
        return h.published() == 0 || h.ballots() < quorum || 2 * _tally.revealed() <= h.ballots();
    }

    /// @dev What the seat of a finalised round pays. Nothing for an update unpublished or a ballot unrevealed.
    function _payout(Client c) internal view returns (uint256 payout) {
        Record storage r = _records[c.round()];
        if (c.did(Seat.Revealed)) {
            payout = Settlement.voterPayout(r.tally, c.content(), _VOTER_STAKE);
            // A deployment without rewards does not look: the record's second word is cold.
            if (_VOTER_REWARD != 0 && r.rewarded) payout += _VOTER_REWARD;
        } else if (c.did(Seat.Published)) {
            uint256 reward = r.rewarded ? _PROPOSER_REWARD : 0;
            payout = Settlement.proposerPayout(r.tally, c.content(), _PROPOSER_STAKE, r.pot, reward);
        }
    }
}

// slither-disable-end incorrect-equality
// slither-disable-end timestamp

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAdmission} from "./interfaces/IAdmission.sol";
import {IRoundManager} from "./interfaces/IRoundManager.sol";
import {ISeedSource} from "./interfaces/ISeedSource.sol";
import {IStakePool} from "./interfaces/IStakePool.sol";
import {Client, Clients, Seat} from "./libraries/Clients.sol";
import {Commitments} from "./libraries/Commitments.sol";
import {Head, Heads} from "./libraries/Heads.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {Ledger} from "./libraries/Ledger.sol";
import {ParametersCheck} from "./libraries/ParametersCheck.sol";
import {Roster} from "./libraries/Roster.sol";
import {Schedule, Schedules} from "./libraries/Schedules.sol";
import {Seats} from "./libraries/Seats.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Tallies, Tally} from "./libraries/Tallies.sol";
import {StakePool} from "./StakePool.sol";

// slither-disable-start timestamp: the clock is the schedule; phases last far longer than a builder can shift a block.
// slither-disable-start incorrect-equality: of counters, commitments and packed words; no balance is compared.

/// @title RoundViews
/// @dev The half of {RoundManager} that only reads: parameters, storage, the clock, who sits where, every view. Nothing
/// here writes after the constructor.
abstract contract RoundViews is IRoundManager {
    using Roster for Roster.State;

    /* IMMUTABLES */

    /// @inheritdoc IRoundManager
    IStakePool public immutable POOL;
    /// @inheritdoc IRoundManager
    ISeedSource public immutable SEED_SOURCE;
    /// @inheritdoc IRoundManager
    IAdmission public immutable ADMISSION;
    /// @inheritdoc IRoundManager
    uint256 public immutable ANCHOR_WINDOW;

    uint96 internal immutable _PROPOSER_STAKE;
    uint96 internal immutable _VOTER_STAKE;
    uint96 internal immutable _BOND;
    uint96 internal immutable _ABSENCE_PENALTY;
    uint96 internal immutable _PROPOSER_REWARD;
    uint96 internal immutable _VOTER_REWARD;
    uint16 internal immutable _PROPOSER_BPS;
    uint16 internal immutable _VOTER_SEATS;
    uint16 internal immutable _QUORUM_BPS;
    uint8 internal immutable _MAX_STRIKES;
    uint16 internal immutable _MAX_SAMPLES;
    uint24 internal immutable _MAX_ROUNDS;
    uint24 internal immutable _MIN_MEMBERS;
    uint16 internal immutable _SEED_DELAY;
    Schedule internal immutable _SCHEDULE;
    uint32 internal immutable _MARK_FOR;
    uint32 internal immutable _INTERVAL;
    uint32 internal immutable _UNBONDING;
    bytes32 internal immutable _RULES;
    address internal immutable _TREASURY;

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

    /// @param token The staked token; its supply must fit 96 bits.
    /// @param seedSource Where seeds come from.
    /// @param admission Who may join; zero for anyone.
    /// @param p Everything else, for ever.
    constructor(IERC20 token, ISeedSource seedSource, IAdmission admission, Parameters memory p) {
        ParametersCheck.check(p, seedSource.LEAST_DELAY());
        ParametersCheck.checkAdmission(admission);

        POOL = new StakePool(token);
        SEED_SOURCE = seedSource;
        ADMISSION = admission;
        ANCHOR_WINDOW = seedSource.WINDOW();
        _PROPOSER_STAKE = p.proposerStake;
        _VOTER_STAKE = p.voterStake;
        _BOND = p.bond;
        _ABSENCE_PENALTY = p.absencePenalty;
        _PROPOSER_REWARD = p.proposerReward;
        _VOTER_REWARD = p.voterReward;
        _PROPOSER_BPS = p.proposerBps;
        _VOTER_SEATS = p.voterSeats;
        _QUORUM_BPS = p.quorumBps;
        _MAX_STRIKES = p.maxStrikes;
        _MAX_SAMPLES = p.maxSamples;
        _MAX_ROUNDS = p.maxRounds;
        _MIN_MEMBERS = p.minMembers;
        _SEED_DELAY = p.seedDelay;
        _SCHEDULE = Schedules.pack(p);
        _MARK_FOR = p.markFor;
        _INTERVAL = p.interval;
        _UNBONDING = p.unbonding;
        _RULES = p.rules;
        _TREASURY = p.treasury;

        model = p.rules;
        _head = Heads.genesis(block.timestamp);
        _tally = Tallies.EMPTY;
    }

    /* VIEWS */

    /// @inheritdoc IRoundManager
    function parameters() external view returns (Parameters memory p) {
        p.proposerStake = _PROPOSER_STAKE;
        p.voterStake = _VOTER_STAKE;
        p.bond = _BOND;
        p.absencePenalty = _ABSENCE_PENALTY;
        p.proposerReward = _PROPOSER_REWARD;
        p.voterReward = _VOTER_REWARD;
        p.proposerBps = _PROPOSER_BPS;
        p.voterSeats = _VOTER_SEATS;
        p.quorumBps = _QUORUM_BPS;
        p.maxStrikes = _MAX_STRIKES;
        p.maxSamples = _MAX_SAMPLES;
        p.maxRounds = _MAX_ROUNDS;
        p.minMembers = _MIN_MEMBERS;
        p.seedDelay = _SEED_DELAY;
        _SCHEDULE.unpack(p);
        p.markFor = _MARK_FOR;
        p.interval = _INTERVAL;
        p.unbonding = _UNBONDING;
        p.rules = _RULES;
        p.treasury = _TREASURY;
    }

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

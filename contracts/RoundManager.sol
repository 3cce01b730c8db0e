// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRoundManager} from "./interfaces/IRoundManager.sol";
import {ISeedSource} from "./interfaces/ISeedSource.sol";
import {IStakePool} from "./interfaces/IStakePool.sol";
import {Commitments} from "./libraries/Commitments.sol";
import {ParametersCheck} from "./libraries/ParametersCheck.sol";
import {Roster} from "./libraries/Roster.sol";
import {Seats} from "./libraries/Seats.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Tallies, Tally} from "./libraries/Tallies.sol";
import {StakePool} from "./StakePool.sol";

/// @title RoundManager
/// @dev Every entry point has one skeleton: load head and client, guard the phase, check the seat, settle what is due,
/// change state, move tokens by one call of the pool, emit. The pool is this contract's own and calls nothing back.
contract RoundManager is IRoundManager {
    using Roster for Roster.State;

    /* CONSTANTS */

    uint256 private constant MIN_MEMBERS = 4;
    uint256 private constant ANCHOR_WINDOW = 256; // Blocks whose hash the EVM still knows.
    uint256 private constant NO_POSITION = type(uint256).max;
    uint24 private constant REMOVED = type(uint24).max;

    /* IMMUTABLES */

    /// @inheritdoc IRoundManager
    IStakePool public immutable POOL;
    /// @inheritdoc IRoundManager
    ISeedSource public immutable SEED_SOURCE;

    uint96 private immutable _PROPOSER_STAKE;
    uint96 private immutable _VOTER_STAKE;
    uint96 private immutable _BOND;
    uint96 private immutable _ABSENCE_PENALTY;
    uint16 private immutable _PROPOSER_BPS;
    uint16 private immutable _VOTER_SEATS;
    uint16 private immutable _QUORUM_BPS;
    uint8 private immutable _MAX_STRIKES;
    uint24 private immutable _MAX_SAMPLES;
    uint24 private immutable _MAX_ROUNDS;
    uint16 private immutable _SEED_DELAY;
    uint32 private immutable _PROPOSE_FOR;
    uint32 private immutable _PUBLISH_FOR;
    uint32 private immutable _VOTE_FOR;
    uint32 private immutable _REVEAL_FOR;
    uint32 private immutable _UNBONDING;
    bytes32 private immutable _RULES;
    bytes32 private immutable _ADMISSION_ROOT;

    /* STORAGE */

    /// @inheritdoc IRoundManager
    bytes32 public model;
    Head private _head;
    Tally private _tally;
    Roster.State private _roster;
    mapping(address client => Client) private _clients;
    mapping(uint256 position => Update) private _updates;
    mapping(uint256 round => Record) private _records;

    /* CONSTRUCTOR */

    /// @param token The staked token; its supply must fit 96 bits.
    /// @param seedSource Where seeds come from.
    /// @param p Everything else, for ever.
    constructor(IERC20 token, ISeedSource seedSource, Parameters memory p) {
        ParametersCheck.check(p);

        POOL = new StakePool(token);
        SEED_SOURCE = seedSource;
        _PROPOSER_STAKE = p.proposerStake;
        _VOTER_STAKE = p.voterStake;
        _BOND = p.bond;
        _ABSENCE_PENALTY = p.absencePenalty;
        _PROPOSER_BPS = p.proposerBps;
        _VOTER_SEATS = p.voterSeats;
        _QUORUM_BPS = p.quorumBps;
        _MAX_STRIKES = p.maxStrikes;
        _MAX_SAMPLES = p.maxSamples;
        _MAX_ROUNDS = p.maxRounds;
        _SEED_DELAY = p.seedDelay;
        _PROPOSE_FOR = p.proposeFor;
        _PUBLISH_FOR = p.publishFor;
        _VOTE_FOR = p.voteFor;
        _REVEAL_FOR = p.revealFor;
        _UNBONDING = p.unbonding;
        _RULES = p.rules;
        _ADMISSION_ROOT = p.admissionRoot;

        model = p.rules;
        _head.finalised = true; // Nothing is open before the first round.
        _tally = Tallies.EMPTY;
    }

    /* MEMBERSHIP */

    /// @inheritdoc IRoundManager
    function join(bytes32[] calldata proof) external {
        Head memory h = _head;
        Client memory c = _clients[msg.sender];
        require(c.place != REMOVED, RemovedForGood(msg.sender));
        require(c.place == 0, AlreadyMember(msg.sender));
        require(_isAdmitted(msg.sender, proof), NotAdmitted(msg.sender));

        uint256 free = POOL.exchange(msg.sender, _settle(h, msg.sender, c), 0);
        require(free >= _BOND, BondNotCovered(msg.sender, free, _BOND));

        c.place = _roster.add(msg.sender);
        // A newcomer's index may be one that the open round seats, when others left since it opened.
        if (!h.finalised && c.place <= h.members) _note(h, msg.sender, 0);
        c.strikes = 0;
        _clients[msg.sender] = c;

        POOL.setRelease(msg.sender, 0);
        emit Joined(msg.sender);
    }

    /// @inheritdoc IRoundManager
    function requestExit() external {
        Head memory h = _head;
        Client memory c = _clients[msg.sender];
        _requireMember(msg.sender, c);

        uint256 credit = _settle(h, msg.sender, c);
        uint256 penalty = _vacate(h, msg.sender, c) ? _ABSENCE_PENALTY : 0;
        _dismiss(h, msg.sender, c);
        _clients[msg.sender] = c;

        uint256 paid = POOL.penalise(msg.sender, credit, penalty);
        emit Left(msg.sender, paid);
    }

    /// @inheritdoc IRoundManager
    function withdraw(uint256 amount) external {
        Head memory h = _head;
        Client memory c = _clients[msg.sender];

        uint256 free = POOL.exchange(msg.sender, _settle(h, msg.sender, c), 0);
        _clients[msg.sender] = c;

        uint256 available;
        if (_isMember(c)) {
            available = Math.saturatingSub(free, _BOND);
        } else {
            require(!_isPayable(c), SeatUnsettled(c.round, msg.sender));
            uint256 releaseAt = POOL.account(msg.sender).releaseAt;
            require(block.timestamp >= releaseAt || _isOver(h), TooEarly(block.timestamp, releaseAt));
            available = free;
        }
        require(amount <= available, NotWithdrawable(msg.sender, amount, available));

        POOL.pay(msg.sender, amount);
    }

    /* OPENING */

    /// @inheritdoc IRoundManager
    function openRound() external {
        Head memory h = _head;
        _requirePhase(h, Phase.Idle);
        require(!_isOver(h), RoundsExhausted(_MAX_ROUNDS));
        uint24 members = _roster.count;
        require(members >= MIN_MEMBERS, TooFewMembers(members, MIN_MEMBERS));

        uint24 round = h.round + 1;
        uint256 pot = POOL.rewardPool();
        uint256 anchor = block.number + _SEED_DELAY;
        Head storage next = _head;
        (next.seed, next.drawnAt, next.round, next.members) = (0, 0, round, members);
        (next.published, next.ballots, next.absentVoters) = (0, 0, 0);
        (next.updates, next.absentProposers, next.shuffled, next.finalised) = (0, 0, false, false);
        _records[round].pot = uint96(pot); // Safe casts: the supply fits 96 bits, block numbers 64.
        _records[round].anchor = uint64(anchor);

        emit RoundOpened(round, members, model, pot, anchor);
    }

    /// @inheritdoc IRoundManager
    function reanchor() external {
        Head memory h = _head;
        _requirePhase(h, Phase.Draw);
        uint256 missed = _records[h.round].anchor;
        require(block.number > missed + ANCHOR_WINDOW, AnchorUsable(block.number, missed));

        uint256 anchor = block.number + _SEED_DELAY;
        _records[h.round].anchor = uint64(anchor); // Safe cast: block numbers fit 64 bits.

        emit Reanchored(h.round, anchor);
    }

    /// @inheritdoc IRoundManager
    function draw(bytes calldata proof) external {
        Head memory h = _head;
        _requirePhase(h, Phase.Draw);
        uint256 anchor = _records[h.round].anchor;
        require(
            block.number > anchor && block.number <= anchor + ANCHOR_WINDOW,
            AnchorNotUsable(block.number, anchor)
        );

        // The source's value serves every deployment on this chain; the hash gives each round its own seed.
        bytes32 value = SEED_SOURCE.seed(h.round, anchor, proof);
        uint96 seed = uint96(uint256(keccak256(abi.encode(block.chainid, address(this), h.round, value))));
        _head.seed = seed;
        _head.drawnAt = uint32(block.timestamp); // Safe cast until the year 2106.

        emit SeedDrawn(h.round, seed);
    }

    /* PROPOSING */

    /// @inheritdoc IRoundManager
    function propose(bytes24 commitment) external {
        Head memory h = _head;
        _requirePhase(h, Phase.Propose);
        Client memory c = _clients[msg.sender];
        (uint256 proposers,) = _seats(h);
        _requireIdleSeat(h, msg.sender, c, 0, proposers);

        uint256 credit = _settle(h, msg.sender, c);
        (c.content, c.round, c.strikes, c.seat) = (commitment, h.round, 0, Seat.Committed);
        _clients[msg.sender] = c;
        _head.updates = h.updates + 1;

        POOL.exchange(msg.sender, credit, _PROPOSER_STAKE);
        emit UpdateCommitted(h.round, msg.sender, commitment);
    }

    /// @inheritdoc IRoundManager
    function publish(bytes32 root, uint256 samples, bytes32 salt) external {
        Head memory h = _head;
        _requirePhase(h, Phase.Publish);
        Client memory c = _clients[msg.sender];
        _requireSeat(h, msg.sender, c, Seat.Committed);
        require(samples != 0 && samples <= _MAX_SAMPLES, SamplesOutOfRange(samples, _MAX_SAMPLES));
        _requireOpening(c.content, Commitments.ofUpdate(h.round, msg.sender, root, samples, salt));

        uint256 position = _position(h, msg.sender, c);
        (c.content, c.seat) = (bytes24(uint192(position)), Seat.Published);
        _clients[msg.sender] = c;
        _updates[position] = Update(root, samples);
        _head.published = uint16(h.published | (1 << position)); // Safe cast: a proposer's position is below 16.

        emit UpdatePublished(h.round, msg.sender, position, root, samples);
    }

    /* VOTING */

    /// @inheritdoc IRoundManager
    function commitBallot(bytes24 commitment) external {
        Head memory h = _head;
        _requirePhase(h, Phase.Vote);
        Client memory c = _clients[msg.sender];
        (uint256 proposers, uint256 voters) = _seats(h);
        _requireIdleSeat(h, msg.sender, c, proposers, proposers + voters);

        uint256 credit = _settle(h, msg.sender, c);
        (c.content, c.round, c.strikes, c.seat) = (commitment, h.round, 0, Seat.Voted);
        _clients[msg.sender] = c;
        _head.ballots = h.ballots + 1;

        POOL.exchange(msg.sender, credit, _VOTER_STAKE);
        emit BallotCommitted(h.round, msg.sender, commitment);
    }

    /// @inheritdoc IRoundManager
    function revealBallot(uint16 ballot, bytes32 salt) external {
        Head memory h = _head;
        _requirePhase(h, Phase.Reveal);
        Client memory c = _clients[msg.sender];
        _requireSeat(h, msg.sender, c, Seat.Voted);
        _requireOpening(c.content, Commitments.ofBallot(h.round, msg.sender, ballot, salt));

        uint256 counted = ballot & h.published;
        (c.content, c.seat) = (bytes24(uint192(counted)), Seat.Revealed);
        _clients[msg.sender] = c;
        _tally = _tally.add(counted);

        emit BallotRevealed(h.round, msg.sender, counted);
    }

    /* ABSENCE */

    /// @inheritdoc IRoundManager
    function markAbsent(address client) external {
        Head memory h = _head;
        require(h.drawnAt != 0 && !h.finalised, WrongPhase(h.round, _phase(h), Phase.Propose));
        Client memory c = _clients[client];
        bool proposes = _requireMissedSeat(h, client, c);

        uint256 credit = _settle(h, client, c);
        _giveUpSeat(h, c, proposes);
        bool canStake = POOL.freeOf(client) + credit >= (proposes ? _PROPOSER_STAKE : _VOTER_STAKE);
        if (!canStake || _strike(c)) _remove(h, client, c);
        _clients[client] = c;

        uint256 paid = POOL.penalise(client, credit, canStake ? _ABSENCE_PENALTY : 0);
        emit MarkedAbsent(h.round, client, paid);
    }

    /* OUTCOME */

    /// @inheritdoc IRoundManager
    function finalise() external {
        Head memory h = _head;
        _requirePhase(h, Phase.Close);
        _requireNoOpenSeat(h);
        Record storage r = _records[h.round];

        Tally result = _tally.seal(h.published, h.ballots, _isVoid(h));
        (, uint256 included) = result.outcome();
        uint256 slashed = Settlement.slashedTotal(result, h.updates, _PROPOSER_STAKE, _VOTER_STAKE);
        uint256 awarded = Settlement.shareDown(r.pot, included) * Settlement.count(included);

        _head.finalised = true;
        _tally = Tallies.EMPTY;
        r.tally = result;
        bytes32 id = _extendLineage(included);

        POOL.closeRound(slashed, awarded);
        emit RoundFinalised(h.round, result, included, slashed, awarded, id);
    }

    /// @inheritdoc IRoundManager
    function settle(uint256 round, address client) external {
        Head memory h = _head;
        Client memory c = _clients[client];
        require(c.round == round && _isPayable(c), NothingToSettle(round, client));
        require(round != h.round || h.finalised, WrongPhase(round, _phase(h), Phase.Idle));

        uint256 credit = _settle(h, client, c);
        _clients[client] = c;

        POOL.exchange(client, credit, 0);
    }

    /* VIEWS */

    /// @inheritdoc IRoundManager
    function parameters() external view returns (Parameters memory p) {
        p.proposerStake = _PROPOSER_STAKE;
        p.voterStake = _VOTER_STAKE;
        p.bond = _BOND;
        p.absencePenalty = _ABSENCE_PENALTY;
        p.proposerBps = _PROPOSER_BPS;
        p.voterSeats = _VOTER_SEATS;
        p.quorumBps = _QUORUM_BPS;
        p.maxStrikes = _MAX_STRIKES;
        p.maxSamples = _MAX_SAMPLES;
        p.maxRounds = _MAX_ROUNDS;
        p.seedDelay = _SEED_DELAY;
        p.proposeFor = _PROPOSE_FOR;
        p.publishFor = _PUBLISH_FOR;
        p.voteFor = _VOTE_FOR;
        p.revealFor = _REVEAL_FOR;
        p.unbonding = _UNBONDING;
        p.rules = _RULES;
        p.admissionRoot = _ADMISSION_ROOT;
    }

    /// @inheritdoc IRoundManager
    function phase() external view returns (Phase) {
        return _phase(_head);
    }

    /// @inheritdoc IRoundManager
    function head() external view returns (Head memory) {
        return _head;
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
        return _updates[position];
    }

    /// @inheritdoc IRoundManager
    function clientOf(address client) external view returns (Client memory) {
        return _clients[client];
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
        return _seats(_head);
    }

    /// @inheritdoc IRoundManager
    function positionOf(address client) external view returns (uint256) {
        return _position(_head, client, _clients[client]);
    }

    /// @inheritdoc IRoundManager
    function escrowOf(address client) external view returns (uint256) {
        Head memory h = _head;
        Client memory c = _clients[client];
        if (!_isPayable(c)) return 0;
        if (c.round != h.round || h.finalised) return _payout(c);
        return c.seat == Seat.Committed || c.seat == Seat.Published ? _PROPOSER_STAKE : _VOTER_STAKE;
    }

    /// @inheritdoc IRoundManager
    function updateCommitment(address client, bytes32 root, uint256 samples, bytes32 salt)
        external
        view
        returns (bytes24)
    {
        return Commitments.ofUpdate(_head.round, client, root, samples, salt);
    }

    /// @inheritdoc IRoundManager
    function ballotCommitment(address client, uint16 ballot, bytes32 salt) external view returns (bytes24) {
        return Commitments.ofBallot(_head.round, client, ballot, salt);
    }

    /* INTERNAL: CLOCK */

    function _phase(Head memory h) private view returns (Phase) {
        if (h.finalised) return Phase.Idle;
        if (h.drawnAt == 0) return Phase.Draw;

        // No overflow: a block's time and four spans of 32 bits.
        unchecked {
            (uint256 proposers, uint256 voters) = _seats(h);
            uint256 deadline = h.drawnAt + uint256(_PROPOSE_FOR);
            if (block.timestamp < deadline && h.updates + h.absentProposers < proposers) {
                return Phase.Propose;
            }
            deadline += _PUBLISH_FOR;
            if (block.timestamp < deadline && Settlement.count(h.published) < h.updates) {
                return Phase.Publish;
            }
            deadline += _VOTE_FOR;
            if (block.timestamp < deadline && _openVoters(h, voters) != 0) return Phase.Vote;
            deadline += _REVEAL_FOR;
            if (block.timestamp < deadline && _tally.revealed() < h.ballots) return Phase.Reveal;
        }
        return Phase.Close;
    }

    function _requirePhase(Head memory h, Phase expected) private view {
        Phase actual = _phase(h);
        require(actual == expected, WrongPhase(h.round, actual, expected));
    }

    /// @dev Voter seats neither used nor given up; none when nothing was published, for there is no duty then.
    function _openVoters(Head memory h, uint256 voters) private pure returns (uint256) {
        return h.published == 0 ? 0 : voters - h.ballots - h.absentVoters;
    }

    function _requireNoOpenSeat(Head memory h) private view {
        uint256 endsAt = uint256(h.drawnAt) + _PROPOSE_FOR + _PUBLISH_FOR + _VOTE_FOR + _REVEAL_FOR;
        if (block.timestamp >= endsAt) return;

        (uint256 proposers, uint256 voters) = _seats(h);
        proposers -= h.updates + h.absentProposers;
        voters = _openVoters(h, voters);
        uint256 unpublished = h.updates - Settlement.count(h.published);
        // Silent voters need no look: with a ballot unrevealed the phase is Reveal until the schedule ends.
        require(
            proposers + unpublished + voters == 0, SeatsOpen(h.round, proposers, unpublished, voters, endsAt)
        );
    }

    /// @dev Whether all rounds were played.
    function _isOver(Head memory h) private view returns (bool) {
        return _MAX_ROUNDS != 0 && h.round == _MAX_ROUNDS && h.finalised;
    }

    /* INTERNAL: SEATS */

    function _seats(Head memory h) private view returns (uint256 proposers, uint256 voters) {
        return Seats.counts(h.members, _PROPOSER_BPS, _VOTER_SEATS);
    }

    function _position(Head memory h, address client, Client memory c) private view returns (uint256) {
        uint256 place = h.shuffled ? _roster.placeAtOpening(client, h.round, c.place) : c.place;
        if (place == 0 || place > h.members) return NO_POSITION;

        return Seats.position(h.seed, place - 1, h.members);
    }

    function _requirePosition(Head memory h, address client, Client memory c, uint256 first, uint256 end)
        private
        view
        returns (uint256 position)
    {
        position = _position(h, client, c);
        require(position >= first && position < end, NotSeated(h.round, client, position, first, end));
    }

    function _requireUnused(Head memory h, address client, Client memory c) private pure {
        require(!_hasActed(h, c), UnexpectedSeat(h.round, client, c.seat, Seat.None));
    }

    function _requireIdleSeat(Head memory h, address client, Client memory c, uint256 first, uint256 end)
        private
        view
    {
        _requireMember(client, c);
        _requireUnused(h, client, c);
        _requirePosition(h, client, c, first, end);
    }

    function _requireSeat(Head memory h, address client, Client memory c, Seat expected) private pure {
        Seat actual = c.round == h.round ? c.seat : Seat.None;
        require(actual == expected, UnexpectedSeat(h.round, client, actual, expected));
    }

    /// @dev A seat that locked nothing by its deadline. It need not be a member's: one that left before the draw kept it.
    function _requireMissedSeat(Head memory h, address client, Client memory c)
        private
        view
        returns (bool proposes)
    {
        _requireUnused(h, client, c);
        (uint256 proposers, uint256 voters) = _seats(h);
        proposes = _requirePosition(h, client, c, 0, proposers + voters) < proposers;

        uint256 deadline = uint256(h.drawnAt) + _PROPOSE_FOR;
        if (!proposes) deadline += uint256(_PUBLISH_FOR) + _VOTE_FOR;
        require(block.timestamp >= deadline, TooEarly(block.timestamp, deadline));
        require(proposes || h.published != 0, NoDuty(h.round, client));
    }

    function _requireOpening(bytes24 committed, bytes24 opened) private pure {
        require(committed == opened, CommitmentMismatch(committed, opened));
    }

    /// @dev Whether `c` did anything with a seat of the open round.
    function _hasActed(Head memory h, Client memory c) private pure returns (bool) {
        return c.round == h.round && c.seat != Seat.None;
    }

    /// @dev Gives up a seat of the open round that was not acted on. False when there is none, or no duty left.
    function _vacate(Head memory h, address client, Client memory c) private returns (bool) {
        if (h.finalised || h.drawnAt == 0 || _hasActed(h, c)) return false;
        (uint256 proposers, uint256 voters) = _seats(h);
        uint256 position = _position(h, client, c);
        if (position >= proposers + voters) return false;
        bool proposes = position < proposers;
        // Voters owe nothing once it is clear that nothing is published.
        if (!proposes && h.published == 0 && _phase(h) > Phase.Publish) return false;

        _giveUpSeat(h, c, proposes);
        return true;
    }

    function _giveUpSeat(Head memory h, Client memory c, bool proposes) private {
        (c.round, c.seat) = (h.round, Seat.Absent);
        if (proposes) _head.absentProposers = h.absentProposers + 1;
        else _head.absentVoters = h.absentVoters + 1;
    }

    /* INTERNAL: MEMBERS */

    function _isMember(Client memory c) private pure returns (bool) {
        return c.place != 0 && c.place != REMOVED;
    }

    function _requireMember(address client, Client memory c) private pure {
        require(_isMember(c), NotMember(client));
    }

    function _isAdmitted(address client, bytes32[] calldata proof) private view returns (bool) {
        if (_ADMISSION_ROOT == 0) return true;
        // Hashed twice, as OpenZeppelin's trees are: no inner node can pass for a leaf.
        return MerkleProof.verifyCalldata(
            proof, _ADMISSION_ROOT, keccak256(bytes.concat(keccak256(abi.encode(client))))
        );
    }

    /// @dev Counts a missed seat; true when it was one too many. One that already left has no strikes to count.
    function _strike(Client memory c) private view returns (bool) {
        if (!_isMember(c)) return false;
        if (c.strikes != type(uint8).max) ++c.strikes; // Saturates: without a maximum it must never stop a marking.
        return c.strikes == _MAX_STRIKES;
    }

    function _remove(Head memory h, address client, Client memory c) private {
        if (_isMember(c)) _dismiss(h, client, c);
        c.place = REMOVED;
        emit Removed(client);
    }

    /// @dev Takes a member off the roster and starts its unbonding; the last member takes its place.
    function _dismiss(Head memory h, address client, Client memory c) private {
        address moved = _roster.take(c.place);
        if (!h.finalised) {
            _note(h, client, c.place);
            if (moved != address(0)) _note(h, moved, _clients[moved].place);
        }
        if (moved != address(0)) _clients[moved].place = c.place;
        c.place = 0;

        POOL.setRelease(client, _isOver(h) ? block.timestamp : block.timestamp + _UNBONDING);
    }

    function _note(Head memory h, address client, uint24 place) private {
        _roster.note(client, h.round, place);
        if (!h.shuffled) (h.shuffled, _head.shuffled) = (true, true);
    }

    /* INTERNAL: OUTCOME */

    function _isVoid(Head memory h) private view returns (bool) {
        (, uint256 voters) = _seats(h);
        uint256 quorum = Math.max(1, Math.ceilDiv(voters * _QUORUM_BPS, 10_000));
        return h.published == 0 || _tally.revealed() < quorum;
    }

    function _extendLineage(uint256 included) private returns (bytes32 id) {
        id = model;
        for (uint256 j; included >> j != 0; ++j) {
            if ((included >> j) & 1 == 0) continue;
            Update memory u = _updates[j];
            id = keccak256(abi.encode(id, u.root, u.samples));
        }
        model = id;
    }

    function _isPayable(Client memory c) private pure returns (bool) {
        return c.seat != Seat.None && c.seat != Seat.Absent;
    }

    /// @dev What the seat of a finalised round pays. Nothing for an update unpublished or a ballot unrevealed.
    function _payout(Client memory c) private view returns (uint256) {
        uint256 content = uint192(c.content);
        Record storage r = _records[c.round];
        if (c.seat == Seat.Revealed) return Settlement.voterPayout(r.tally, content, _VOTER_STAKE);
        if (c.seat == Seat.Published) {
            return Settlement.proposerPayout(r.tally, content, _PROPOSER_STAKE, r.pot);
        }
        return 0;
    }

    /// @dev Settles the client's last seat when its round is finalised: clears it in memory, returns what to credit.
    function _settle(Head memory h, address client, Client memory c) private returns (uint256 payout) {
        if (!_isPayable(c) || (c.round == h.round && !h.finalised)) return 0;

        payout = _payout(c);
        c.seat = Seat.None;
        emit Settled(c.round, client, payout);
    }
}

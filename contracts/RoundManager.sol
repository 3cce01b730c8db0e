// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAdmission} from "./interfaces/IAdmission.sol";
import {IRoundManager} from "./interfaces/IRoundManager.sol";
import {ISeedSource} from "./interfaces/ISeedSource.sol";
import {Admissions} from "./libraries/Admissions.sol";
import {Client, Clients, Seat} from "./libraries/Clients.sol";
import {Commitments} from "./libraries/Commitments.sol";
import {Head, Heads} from "./libraries/Heads.sol";
import {Intents} from "./libraries/Intents.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {Ledger} from "./libraries/Ledger.sol";
import {Lineage} from "./libraries/Lineage.sol";
import {Roster} from "./libraries/Roster.sol";
import {Seats} from "./libraries/Seats.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {Tallies, Tally} from "./libraries/Tallies.sol";
import {Operators} from "./Operators.sol";
import {RoundParameters} from "./RoundParameters.sol";
import {RoundViews} from "./RoundViews.sol";

// slither-disable-start timestamp: the clock is the schedule; phases last far longer than a builder can shift a block.
// slither-disable-start incorrect-equality: of counters, commitments and packed words; no balance is compared.

/// @title RoundManager
/// @dev Every entry point has one skeleton: load head and client, guard the phase, check the seat, settle what is due,
/// change state, move tokens in the ledger, emit. The pool is this contract's own and called for withdrawals alone.
contract RoundManager is RoundViews, Operators {
    using Ledger for Ledger.State;
    using Roster for Roster.State;

    /* CONSTRUCTOR */

    /// @param token The staked token; its supply must fit 96 bits.
    /// @param seedSource Where seeds come from.
    /// @param admission Who may join; zero for anyone.
    /// @param p Everything else, for ever.
    constructor(IERC20 token, ISeedSource seedSource, IAdmission admission, Parameters memory p)
        RoundParameters(token, seedSource, admission, p)
    {}

    /* MEMBERSHIP */

    /// @inheritdoc IRoundManager
    function join(bytes calldata proof) external {
        Head h = _head;
        Client c = _clients[msg.sender];
        require(c.place() != Clients.REMOVED, RemovedForGood(msg.sender));
        require(c.place() == 0, AlreadyMember(msg.sender));
        Admissions.requireAdmitted(ADMISSION, msg.sender, proof);

        c = _settled(h, msg.sender, c);
        Ledger.Account storage own = _ledger.accounts[msg.sender];
        (uint256 free, uint256 releaseAt) = (own.free, own.releaseAt);
        require(free >= _BOND, BondNotCovered(msg.sender, free, _BOND));

        uint256 place = _roster.add(msg.sender);
        // A newcomer's index may be one that the open round seats, when others left since it opened.
        if (!h.finalised() && place <= h.members()) _note(msg.sender, 0);
        _clients[msg.sender] = c.placed(place); // Strikes stay: leaving and joining again is no act.

        if (releaseAt != 0) _ledger.setRelease(msg.sender, 0);
        emit Joined(msg.sender);
    }

    /// @inheritdoc IRoundManager
    function requestExit() external {
        Head h = _head;
        Client c = _clients[msg.sender];
        require(c.isMember(), NotMember(msg.sender));

        c = _settled(h, msg.sender, c);
        if (_hasDuty(h, msg.sender, c)) {
            c = _missed(h, msg.sender, c, _position(h, msg.sender, c) < h.proposers());
        }
        if (c.isMember()) {
            _dismiss(h, msg.sender, c);
            c = c.placed(0);
            emit Left(msg.sender);
        }
        _clients[msg.sender] = c;
    }

    /// @inheritdoc IRoundManager
    function withdraw(uint256 amount) external {
        Head h = _head;
        Client c = _settled(h, msg.sender, _clients[msg.sender]);
        _clients[msg.sender] = c;

        Ledger.Account memory own = _ledger.accounts[msg.sender];
        uint256 available = c.isMember() ? Math.saturatingSub(own.free, _BOND) : own.free;
        if (!c.isMember()) _requireReleased(h, msg.sender, c, own.releaseAt);
        require(amount <= available, NotWithdrawable(msg.sender, amount, available));

        _ledger.exchange(msg.sender, 0, amount);
        POOL.pay(msg.sender, amount);
    }

    /// @inheritdoc IRoundManager
    function bookDeposit(address client, uint256 amount) external {
        require(msg.sender == address(POOL), NotPool(msg.sender, address(POOL)));

        _ledger.exchange(client, amount, 0);
    }

    /* OPENING */

    /// @inheritdoc IRoundManager
    function openRound() external {
        Head h = _head;
        _requirePhase(h, Phase.Idle);
        uint256 members = _roster.count;
        _requireOpenable(h, members);

        uint256 round = h.round() + 1;
        uint256 pot = _ledger.rewardPool;
        uint256 anchor = block.number + _SEED_DELAY;
        (uint256 proposers, uint256 voters) = Seats.counts(members, _PROPOSER_BPS, _VOTER_SEATS);
        _head = Heads.opened(round, members, proposers, voters);
        // Safe casts: the supply fits 96 bits, block numbers 64.
        (_records[round].pot, _records[round].anchor) = (uint96(pot), uint64(anchor));

        emit RoundOpened(round, members, model, pot, anchor);
    }

    /// @inheritdoc IRoundManager
    function reanchor() external {
        Head h = _head;
        _requirePhase(h, Phase.Draw);
        uint256 missed = _records[h.round()].anchor;
        require(block.number > missed + ANCHOR_WINDOW, AnchorUsable(block.number, missed));

        uint256 anchor = block.number + _SEED_DELAY;
        _records[h.round()].anchor = uint64(anchor); // Safe cast: block numbers fit 64 bits.

        emit Reanchored(h.round(), anchor);
    }

    /// @inheritdoc IRoundManager
    function draw(bytes calldata proof) external {
        Head h = _head;
        _requirePhase(h, Phase.Draw);
        uint256 anchor = _records[h.round()].anchor;
        bool usable = block.number > anchor && block.number <= anchor + ANCHOR_WINDOW;
        require(usable, AnchorNotUsable(block.number, anchor));

        // The source's value serves every deployment on this chain; the hash gives each round its own seed.
        bytes32 value = SEED_SOURCE.seed(h.round(), anchor, proof);
        uint96 seed = uint96(uint256(keccak256(abi.encode(block.chainid, address(this), h.round(), value))));
        _head = h.drawn(seed, block.timestamp);

        emit SeedDrawn(h.round(), seed);
    }

    /* PROPOSING */

    /// @inheritdoc IRoundManager
    function propose(bytes24 commitment) external {
        _propose(_head, msg.sender, commitment);
    }

    /// @inheritdoc IRoundManager
    function proposeBySig(address client, bytes24 commitment, bytes32 r, bytes32 vs) external {
        Head h = _head;
        _requireSigned(client, Intents.toPropose(client, h.round(), commitment), r, vs);
        _propose(h, client, commitment);
    }

    /// @inheritdoc IRoundManager
    function publish(bytes32 root, uint256 samples, bytes32 salt) external {
        publishFor(msg.sender, root, samples, salt);
    }

    /// @inheritdoc IRoundManager
    function publishFor(address client, bytes32 root, uint256 samples, bytes32 salt) public {
        Head h = _head;
        _requirePhase(h, Phase.Publish);
        Client c = _clients[client];
        _requireSeat(h, client, c, Seat.Committed);
        require(samples != 0 && samples <= _MAX_SAMPLES, SamplesOutOfRange(samples, _MAX_SAMPLES));
        _requireOpening(c, Commitments.ofUpdate(h.round(), client, root, samples, salt));

        uint256 position = _position(h, client, c);
        _clients[client] = c.opened(Seat.Published, position);
        _roots[position] = root;
        _samples = Lanes.set(_samples, position, samples);
        _head = h.withPublished(position);

        emit UpdatePublished(h.round(), client, position, root, samples);
    }

    /* VOTING */

    /// @inheritdoc IRoundManager
    function commitBallot(bytes24 commitment) external {
        _commitBallot(_head, msg.sender, commitment);
    }

    /// @inheritdoc IRoundManager
    function commitBallotBySig(address client, bytes24 commitment, bytes32 r, bytes32 vs) external {
        Head h = _head;
        _requireSigned(client, Intents.toCommitBallot(client, h.round(), commitment), r, vs);
        _commitBallot(h, client, commitment);
    }

    /// @inheritdoc IRoundManager
    function revealBallot(uint16 ballot, bytes32 salt) external {
        revealBallotFor(msg.sender, ballot, salt);
    }

    /// @inheritdoc IRoundManager
    function revealBallotFor(address client, uint16 ballot, bytes32 salt) public {
        Head h = _head;
        _requirePhase(h, Phase.Reveal);
        Client c = _clients[client];
        _requireSeat(h, client, c, Seat.Voted);
        _requireOpening(c, Commitments.ofBallot(h.round(), client, ballot, salt));

        uint256 counted = ballot & h.published();
        _clients[client] = c.opened(Seat.Revealed, counted);
        _tally = _tally.add(counted);

        emit BallotRevealed(h.round(), client, counted);
    }

    /* ABSENCE */

    /// @inheritdoc IRoundManager
    function markAbsent(address client) external {
        Head h = _head;
        require(h.drawnAt() != 0 && !h.finalised(), WrongPhase(h.round(), _phase(h), Phase.Propose));
        Client c = _clients[client];
        bool proposes = _requireMissedSeat(h, client, c);

        _clients[client] = _missed(h, client, _settled(h, client, c), proposes);
    }

    /* OUTCOME */

    /// @inheritdoc IRoundManager
    function finalise() external {
        Head h = _head;
        _requirePhase(h, Phase.Close);
        _requireNoOpenSeat(h);
        Record storage r = _records[h.round()];

        Tally result = _tally.seal(h.published(), h.ballots(), _isVoid(h));
        (uint256 included, uint256 count) = result.included();
        uint256 slashed = Settlement.slashedTotal(
            result, h.updates(), h.updates() - h.unpublished(), h.ballots(), _PROPOSER_STAKE, _VOTER_STAKE
        );
        uint256 awarded = Settlement.shareDown(r.pot, count) * count;
        uint256 rewarded = Settlement.rewards(result, count, _PROPOSER_REWARD, _VOTER_REWARD);
        rewarded = _ledger.closeRound(slashed, awarded, rewarded);
        if (rewarded != 0) r.rewarded = true;

        _head = h.withOutcome();
        _tally = Tallies.EMPTY;
        r.tally = result;
        model = Lineage.extended(model, h.round(), included, _roots, _samples);

        emit RoundFinalised(h.round(), result, included, slashed, awarded, rewarded, model);
    }

    /// @inheritdoc IRoundManager
    function settle(uint256 round, address client) external {
        Head h = _head;
        Client c = _clients[client];
        require(c.round() == round && c.isPayable(), NothingToSettle(round, client));
        require(round != h.round() || h.finalised(), WrongPhase(round, _phase(h), Phase.Idle));

        _clients[client] = _settled(h, client, c);
    }

    /// @inheritdoc IRoundManager
    function sweep() external {
        require(_TREASURY != address(0), NoTreasury());
        _requireSweepable(_head);

        uint256 amount = _ledger.empty();
        emit Swept(_TREASURY, amount);
        POOL.pay(_TREASURY, amount);
    }

    /* INTERNAL: COMMITMENTS */

    function _propose(Head h, address client, bytes24 commitment) private {
        _requirePhase(h, Phase.Propose);
        Client c = _clients[client];
        _requireIdleSeat(h, client, c, 0, h.proposers());

        _lock(h, client, c, Seat.Committed, commitment, _PROPOSER_STAKE);
        _head = h.withUpdate();

        emit UpdateCommitted(h.round(), client, commitment);
    }

    function _commitBallot(Head h, address client, bytes24 commitment) private {
        _requirePhase(h, Phase.Vote);
        Client c = _clients[client];
        _requireIdleSeat(h, client, c, h.proposers(), _seats(h));

        _lock(h, client, c, Seat.Voted, commitment, _VOTER_STAKE);
        _head = h.withBallot();

        emit BallotCommitted(h.round(), client, commitment);
    }

    /// @dev Settles the client's last seat and locks `stake` in another. What cancels moves nothing: that is a voter of a
    /// unanimous round.
    function _lock(Head h, address client, Client c, Seat seat, bytes24 commitment, uint256 stake) private {
        uint256 payout;
        (c, payout) = _settle(h, client, c);
        _clients[client] = c.seated(h.round(), seat, commitment);
        if (payout != stake) _ledger.exchange(client, payout, stake);
    }

    /* INTERNAL: SEATS */

    /// @dev A seat that its holder, settled, does not use: one rule for those marked and those who leave. Whoever is no
    /// member need not be able to stake.
    function _missed(Head h, address client, Client c, bool proposes) private returns (Client) {
        uint256 stake = proposes ? _PROPOSER_STAKE : _VOTER_STAKE;
        bool canStake = !c.isMember() || _ledger.accounts[client].free >= stake;
        _head = h.withAbsent(proposes);
        c = c.absent(h.round());
        if (canStake) c = c.struck(Math.min(c.strikes() + 1, type(uint8).max)); // Never stops a marking.
        if (!canStake || (c.strikes() == _MAX_STRIKES && _MAX_STRIKES != 0)) {
            if (c.isMember()) _dismiss(h, client, c);
            c = c.placed(Clients.REMOVED);
            emit Removed(client);
        }

        uint256 paid = _ledger.penalise(client, canStake ? _ABSENCE_PENALTY : 0);
        emit MarkedAbsent(h.round(), client, paid);
        return c;
    }

    /* INTERNAL: MEMBERS */

    /// @dev Takes a member off the roster and starts its unbonding; the last member takes its place. Who sits where in
    /// the open round does not change: both are noted where they stood.
    function _dismiss(Head h, address client, Client c) private {
        address moved = _roster.take(c.place());
        if (!h.finalised()) _note(client, c.place());
        if (moved != address(0)) {
            Client m = _clients[moved];
            if (!h.finalised()) _note(moved, m.place());
            _clients[moved] = m.placed(c.place());
        }

        _ledger.setRelease(client, _isOver(h) ? block.timestamp : block.timestamp + _UNBONDING);
    }

    function _note(address client, uint256 place) private {
        Head h = _head; // Not the caller's copy: it may have given up a seat since.
        _roster.note(client, h.round(), place);
        if (!h.shuffled()) _head = h.withShuffle();
    }

    /* INTERNAL: OUTCOME */

    /// @dev Settles the client's last seat when its round is finalised: returns it cleared, and what to credit.
    function _settle(Head h, address client, Client c) private returns (Client, uint256) {
        if (!c.isPayable() || (c.round() == h.round() && !h.finalised())) return (c, 0);

        uint256 payout = _payout(c);
        emit Settled(c.round(), client, payout);
        return (c.settled(), payout);
    }

    /// @dev {_settle}, credited.
    function _settled(Head h, address client, Client c) private returns (Client cleared) {
        uint256 payout;
        (cleared, payout) = _settle(h, client, c);
        if (payout != 0) _ledger.exchange(client, payout, 0);
    }
}

// slither-disable-end incorrect-equality
// slither-disable-end timestamp

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAdmission} from "./IAdmission.sol";
import {ISeedSource} from "./ISeedSource.sol";
import {IStakePool} from "./IStakePool.sol";
import {Seat} from "../libraries/Clients.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Tally} from "../libraries/Tallies.sol";

/// @title IRoundManager
/// @notice Membership, seats, commitments, tallies, outcomes, the lineage of global models, and the ledger of who owns
/// what the pool holds. Never holds tokens.
/// @dev Nobody owns this contract. Every transition can be called by anyone once its conditions hold.
interface IRoundManager {
    /* TYPES */

    /// @notice Where a round is: a function of the clock and of counters, never stored.
    enum Phase {
        Idle, // No round is open.
        Draw, // Opened, waiting for the seed.
        Propose, // Proposers commit to updates.
        Publish, // They open their commitments.
        Vote, // Voters commit to ballots.
        Reveal, // They open their ballots.
        Close // Waiting to be finalised.
    }

    /// @notice A client, as {clientOf} shows it.
    struct ClientState {
        bool isMember; // Whether it is a member now.
        uint256 place; // Index among the members plus one; 0 when it is none; 2^24 − 1 when removed for good.
        uint256 strikes; // Seats missed in a row.
        uint256 round; // Round of its last seat.
        Seat seat; // What it did with that seat.
        bytes24 content; // Commitment; seat position once published; ballot once revealed.
    }

    /// @notice The latest round, as {head} shows it.
    struct RoundState {
        uint256 round; // Number, from 1; zero before the first round.
        uint256 members; // Members at the opening.
        uint256 drawnAt; // Unix time of the draw, from which deadlines count; zero before. Of the deployment in round 0.
        uint256 seed; // 96 bits; zero before the draw.
        uint256 updates; // Updates committed.
        uint256 published; // Bit j set when the proposer at position j published.
        uint256 absentProposers; // Proposer seats marked absent or given up.
        uint256 ballots; // Ballots committed.
        uint256 absentVoters; // Voter seats marked absent or given up.
        bool shuffled; // Whether a place changed since the opening.
        bool finalised; // Whether the outcome is fixed; true before the first round.
    }

    /// @notice What is kept of every round for ever.
    struct Record {
        Tally tally; // Sealed tally; zero until the round is finalised.
        uint96 pot; // The reward pool at the opening, base units.
        uint64 anchor; // Block whose value is the seed.
        bool rewarded; // Whether the budget paid its rewards.
    }

    /// @notice A published update of the latest round, at one seat position.
    struct Update {
        bytes32 root; // Merkle root of its canonical bytes.
        uint256 samples; // Sample count that its proposer claims.
    }

    /// @notice Everything chosen at deployment; never changed (I9).
    struct Parameters {
        uint96 proposerStake; // Base units.
        uint96 voterStake; // Base units.
        uint96 bond; // Base units free that joining takes and that a member cannot withdraw.
        uint96 absencePenalty; // Base units, at most, for a seat neither used nor excused.
        uint96 proposerReward; // Base units of the budget for an included proposal; zero in the paper.
        uint96 voterReward; // Base units of the budget for a ballot revealed, whatever its bits; zero in the paper.
        uint16 proposerBps; // Share of members that propose, basis points, 1 to 5000.
        uint16 voterSeats; // Committee size, 1 to 16382.
        uint16 quorumBps; // Share of voter seats that commit, below which a round is void, basis points, 0 to 5000.
        uint8 maxStrikes; // Seats missed in a row until removal; 0 for never.
        uint16 maxSamples; // Cap on a claimed sample count, at least 1.
        uint24 maxRounds; // Rounds in all; 0 for no end.
        uint24 minMembers; // Members below which no round opens, at least 4.
        uint16 seedDelay; // Blocks from opening to anchor: what the source of seeds needs, to 256.
        uint32 proposeFor; // Seconds.
        uint32 publishFor; // Seconds.
        uint32 voteFor; // Seconds.
        uint32 revealFor; // Seconds.
        uint32 markFor; // Seconds after the reveal deadline for marking the absent before anyone may finalise.
        uint32 interval; // Seconds from one draw to the next opening, at least; 0 for none, at most 365 days; a whole round
        // and markFor where there are rewards.
        uint32 unbonding; // Seconds from leaving to withdrawal; at least the four phases and markFor.
        bytes32 rules; // Digest of policy, metric, tolerance, schema, scale and genesis model; the first model id.
        address treasury; // Where {sweep} sends what nobody can win any more; zero for nowhere.
    }

    /* EVENTS */

    /// @notice Emitted when `client` becomes a member.
    event Joined(address indexed client);

    /// @notice Emitted when `client` leaves.
    event Left(address indexed client);

    /// @notice Emitted when `client` is removed for good.
    event Removed(address indexed client);

    /// @notice Emitted when `client` names the key that may sign its intents beside its own; zero: none from now on.
    event OperatorSet(address indexed client, address indexed operator);

    /// @notice Emitted when a round opens.
    /// @param round Its number.
    /// @param members Members whose seats it draws.
    /// @param model Id of the global model that it builds on.
    /// @param pot The reward pool, base units, of which included proposers are paid.
    /// @param anchor Block whose value becomes the seed.
    event RoundOpened(uint256 indexed round, uint256 members, bytes32 model, uint256 pot, uint256 anchor);

    /// @notice Emitted when a missed anchor is replaced.
    event Reanchored(uint256 indexed round, uint256 anchor);

    /// @notice Emitted when the seed is fixed and the clock of `round` starts.
    event SeedDrawn(uint256 indexed round, uint256 seed);

    /// @notice Emitted when a proposer locks its stake and commits.
    event UpdateCommitted(uint256 indexed round, address indexed client, bytes24 commitment);

    /// @notice Emitted when a proposer opens its commitment at seat `position`.
    event UpdatePublished(
        uint256 indexed round, address indexed client, uint256 position, bytes32 root, uint256 samples
    );

    /// @notice Emitted when a voter locks its stake and commits.
    event BallotCommitted(uint256 indexed round, address indexed client, bytes24 commitment);

    /// @notice Emitted when a voter opens its ballot, masked to what was published.
    event BallotRevealed(uint256 indexed round, address indexed client, uint256 ballot);

    /// @notice Emitted when a seat that locked nothing is marked, or given up by leaving; `penalty` base units went to the
    /// reward pool.
    event MarkedAbsent(uint256 indexed round, address indexed client, uint256 penalty);

    /// @notice Emitted when a round's outcome is fixed.
    /// @param round Its number.
    /// @param tally Its sealed tally.
    /// @param included Bit j set when proposal j entered the global model.
    /// @param slashed Base units, escrow → reward pool.
    /// @param awarded Base units, reward pool → escrow.
    /// @param rewarded Base units, budget → escrow: the round's rewards, or zero when the budget does not cover them.
    /// @param model Id of the global model from now on.
    event RoundFinalised(
        uint256 indexed round,
        Tally tally,
        uint256 included,
        uint256 slashed,
        uint256 awarded,
        uint256 rewarded,
        bytes32 model
    );

    /// @notice Emitted when a seat is settled: `payout` base units, escrow → free. Once per lock.
    event Settled(uint256 indexed round, address indexed client, uint256 payout);

    /// @notice Emitted when `amount` base units, reward pool and budget, become the treasury's; {IStakePool-Withdrawn} follows.
    event Swept(address indexed treasury, uint256 amount);

    /* ERRORS */

    /// @notice Thrown when a parameter breaks a bound or a relation.
    /// @param name Its name.
    /// @param actual Its value.
    /// @param bound What it is measured against.
    error InvalidParameter(string name, uint256 actual, uint256 bound);

    /// @notice Thrown when a call arrives in a phase that does not allow it; `expected` is the first that does.
    error WrongPhase(uint256 round, Phase actual, Phase expected);

    /// @notice Thrown when anyone but the pool books a deposit, or funds.
    error NotPool(address caller, address pool);

    /// @notice Thrown when the caller, or the client named, is no member.
    error NotMember(address client);

    /// @notice Thrown when a member joins again.
    error AlreadyMember(address client);

    /// @notice Thrown when one that was removed for good joins again.
    error RemovedForGood(address client);

    /// @notice Thrown by the constructor where admission is asked of an address that is no contract.
    error AdmissionWithoutCode(address admission);

    /// @notice Thrown when the admission contract says that `client` may not join.
    error NotAdmitted(address client);

    /// @notice Thrown when the admission contract gives no bool for an answer about `client`, or none in 200,000 gas.
    error AdmissionFailed(address client);

    /// @notice Thrown when less is free than the bond takes.
    error BondNotCovered(address client, uint256 free, uint256 bond);

    /// @notice Thrown when a round opens with too few members.
    error TooFewMembers(uint256 actual, uint256 required);

    /// @notice Thrown when all rounds were played.
    error RoundsExhausted(uint256 maxRounds);

    /// @notice Thrown when the seed is drawn outside (anchor, anchor + ANCHOR_WINDOW].
    error AnchorNotUsable(uint256 blockNumber, uint256 anchor);

    /// @notice Thrown when an anchor that can still be used would be replaced.
    error AnchorUsable(uint256 blockNumber, uint256 anchor);

    /// @notice Thrown when `client` has no seat of the kind that the call needs.
    /// @param round The round.
    /// @param client Whose seat.
    /// @param position Its position; 2^256 − 1 when it had none at the opening.
    /// @param first First position of that kind.
    /// @param end First position beyond.
    error NotSeated(uint256 round, address client, uint256 position, uint256 first, uint256 end);

    /// @notice Thrown when `client` did something else with its seat than the call needs.
    error UnexpectedSeat(uint256 round, address client, Seat actual, Seat expected);

    /// @notice Thrown when neither `client` nor its operator of now signed this commitment of `client` for the latest round
    /// of this contract on this chain.
    /// @param signer Whose signature it would be; zero for what is none.
    /// @param client Whose, or whose operator's, it should be.
    error NotSigner(address signer, address client);

    /// @notice Thrown when content and salt do not open the commitment.
    error CommitmentMismatch(bytes24 committed, bytes24 opened);

    /// @notice Thrown when a sample count is outside 1 to `maxSamples`.
    error SamplesOutOfRange(uint256 actual, uint256 maxSamples);

    /// @notice Thrown before its time, Unix seconds.
    error TooEarly(uint256 actual, uint256 required);

    /// @notice Thrown when a voter is marked in a round in which nothing was published.
    error NoDuty(uint256 round, address client);

    /// @notice Thrown when a round would be finalised while seats are open and have their time.
    /// @param round The round.
    /// @param proposers Proposer seats neither used nor marked.
    /// @param unpublished Updates committed and not published.
    /// @param voters Voter seats neither used nor marked.
    /// @param endsAt Unix time from which it can be finalised all the same.
    error SeatsOpen(uint256 round, uint256 proposers, uint256 unpublished, uint256 voters, uint256 endsAt);

    /// @notice Thrown when `client` has no seat of `round` to settle.
    error NothingToSettle(uint256 round, address client);

    /// @notice Thrown when one that left withdraws while a seat of the open round is its own: locked, or not yet marked.
    error SeatUnsettled(uint256 round, address client);

    /// @notice Thrown when pool and budget are swept where the deployment names no treasury.
    error NoTreasury();

    /// @notice Thrown when more is withdrawn than may leave.
    error NotWithdrawable(address client, uint256 amount, uint256 available);

    /* MEMBERSHIP */

    /// @notice Makes the caller a member; it can be seated from the next round on. One that left the open round before
    /// its draw keeps the seat it had there. Strikes are kept.
    /// @param proof What the admission contract wants to be shown of the caller; empty where there is none.
    function join(bytes calldata proof) external;

    /// @notice Ends the caller's membership. A seat not yet acted on is marked absent first, as {markAbsent} does it, unless
    /// it is a voter's and nothing was published; a stake already locked plays on. Before the draw nothing is given up:
    /// the seat stays, and can be marked absent.
    function requestExit() external;

    /// @notice Names a second key that may sign the caller's intents, see {proposeBySig}, and nothing else, in place of
    /// the one before. Member or not, at any time; what was signed and not yet included counts by the operator of then.
    /// @dev An operator can lock the stake of each seat that its client gets, and so lose it, until it is replaced. One may
    /// serve several clients: an intent names its client.
    /// @param operator Zero for none.
    function setOperator(address operator) external;

    /// @notice Sends free tokens to the caller: a member's above the bond; all, once one that left has unbonded.
    /// @param amount Base units.
    function withdraw(uint256 amount) external;

    /// @notice Pool only: books tokens that arrived in custody as free tokens of `client`. Settles nothing.
    /// @param client Whose they are now; nobody's, the zero address's, are the budget, of which rewards are paid.
    /// @param amount Base units.
    function bookDeposit(address client, uint256 amount) external;

    /* A ROUND, BY PHASE */

    /// @notice Opens the next round, `interval` seconds after the last draw at the earliest. Touches no member.
    function openRound() external;

    /// @notice Replaces an anchor that nobody drew from within {ANCHOR_WINDOW} blocks.
    function reanchor() external;

    /// @notice Fixes the seed and starts the clock.
    /// @param proof What the seed source needs to show the anchor's value.
    function draw(bytes calldata proof) external;

    /// @notice Locks the caller's proposer stake and binds its update without showing it.
    /// @dev A transaction that is held back into a later round, in which the caller proposes again, locks the stake
    /// behind a commitment that cannot be opened: replace what is stuck.
    /// @param commitment {updateCommitment}.
    function propose(bytes24 commitment) external;

    /// @notice {propose} for a client that signed it, itself or by its operator: anyone may send it, and pays the gas.
    /// @dev What is signed is EIP-712's Propose(address client,uint256 round,bytes24 commitment), domain "StakeFed", version
    /// "1", of the latest round. No nonce is needed, for a seat commits once, and a signature serves one round of one
    /// deployment. Contract wallets call {propose}, or name an operator: no code of a participant runs in a round.
    /// @param client Whose commitment.
    /// @param commitment {updateCommitment}.
    /// @param r First half of the signature.
    /// @param vs Second half, with the parity in the top bit (EIP-2098).
    function proposeBySig(address client, bytes24 commitment, bytes32 r, bytes32 vs) external;

    /// @notice Opens the caller's update commitment. Its bytes belong into the store from now on, and not before.
    /// @param root Merkle root of the update's canonical bytes.
    /// @param samples Sample count, 1 to maxSamples.
    /// @param salt The commitment's salt.
    function publish(bytes32 root, uint256 samples, bytes32 salt) external;

    /// @notice {publish} by anyone who knows the salt, which is as good as a signature: the commitment binds the rest.
    /// @param client Whose commitment.
    /// @param root Merkle root of the update's canonical bytes.
    /// @param samples Sample count, 1 to maxSamples.
    /// @param salt The commitment's salt.
    function publishFor(address client, bytes32 root, uint256 samples, bytes32 salt) external;

    /// @notice Locks the caller's voter stake and binds its ballot without showing it.
    /// @dev See {propose} about transactions that arrive a round late.
    /// @param commitment {ballotCommitment}.
    function commitBallot(bytes24 commitment) external;

    /// @notice {commitBallot} for a client that signed it; see {proposeBySig}.
    /// @dev What is signed is CommitBallot(address client,uint256 round,bytes24 commitment).
    /// @param client Whose commitment.
    /// @param commitment {ballotCommitment}.
    /// @param r First half of the signature.
    /// @param vs Second half, with the parity in the top bit (EIP-2098).
    function commitBallotBySig(address client, bytes24 commitment, bytes32 r, bytes32 vs) external;

    /// @notice Opens the caller's ballot and counts it.
    /// @param ballot Bit j set to accept the proposal at position j; bits of proposals not published are ignored.
    /// @param salt The commitment's salt.
    function revealBallot(uint16 ballot, bytes32 salt) external;

    /// @notice {revealBallot} by anyone who knows the salt. A client that hands it over before the reveal phase shows its
    /// ballot to whom it hands it.
    /// @param client Whose commitment.
    /// @param ballot Bit j set to accept the proposal at position j.
    /// @param salt The commitment's salt.
    function revealBallotFor(address client, uint16 ballot, bytes32 salt) external;

    /// @notice Marks a seat that locked nothing, once its deadline passed. A member that could not have staked is removed
    /// for good; any other client gets a strike and pays min(free, absencePenalty).
    /// @param client Whose seat.
    function markAbsent(address client) external;

    /// @notice Decides every proposal, fixes all payouts, extends the lineage. Possible `markFor` after the
    /// reveal deadline, at that deadline when no seat can be marked, or earlier when none is open. Cost bounded by sixteen proposals.
    function finalise() external;

    /* SETTLEMENT */

    /// @notice Pays one seat of a finalised round, once. Anyone, any time, any order: amount and payee do not depend on
    /// the caller. The client's next action does the same by itself.
    /// @param round The seat's round.
    /// @param client Whose seat.
    function settle(uint256 round, address client) external;

    /// @notice Sends reward pool and budget to the treasury, when all rounds were played; or when none is open and the last draw,
    /// or the deployment before the first, is `unbonding` past with nobody a member, or `interval` and 365 days past.
    function sweep() external;

    /* VIEWS */

    /// @notice The custody, deployed with this contract.
    function POOL() external view returns (IStakePool);

    /// @notice Where seeds come from.
    function SEED_SOURCE() external view returns (ISeedSource);

    /// @notice Who may join, asked by {join} alone; zero for anyone.
    function ADMISSION() external view returns (IAdmission);

    /// @notice Blocks after the anchor in which a round can be drawn from it, as the source said at deployment.
    function ANCHOR_WINDOW() external view returns (uint256);

    /// @notice Everything chosen at deployment.
    function parameters() external view returns (Parameters memory);

    /// @notice Id of the global model: `rules`, then keccak256(abi.encode(id, round, included, list)) for each round that
    /// included any; `list` is zero, then keccak256(abi.encode(list, root, samples)) for each of its updates in seat order.
    function model() external view returns (bytes32);

    /// @notice The phase now.
    function phase() external view returns (Phase);

    /// @notice The latest round.
    function head() external view returns (RoundState memory);

    /// @notice The open round's tally so far; empty once it is finalised.
    function tally() external view returns (Tally);

    /// @notice What is kept of `round`.
    function record(uint256 round) external view returns (Record memory);

    /// @notice The update last published at seat `position`; of the latest round when `head().published` has that bit.
    function update(uint256 position) external view returns (Update memory);

    /// @notice A client as stored, before any settlement that is due.
    function clientOf(address client) external view returns (ClientState memory);

    /// @notice The tokens of `client` outside the escrow, before any settlement that is due.
    function accountOf(address client) external view returns (Ledger.Account memory);

    /// @notice The key that may sign the intents of `client` beside its own; zero when there is none.
    function operatorOf(address client) external view returns (address);

    /// @notice Base units in the proposers' reward pool.
    function rewardPool() external view returns (uint256);

    /// @notice Base units of which attendance is rewarded: it grows by {IStakePool-fund}, and falls by rewards and {sweep}.
    function budget() external view returns (uint256);

    /// @notice Members now.
    function memberCount() external view returns (uint256);

    /// @notice The member at `index`, below {memberCount}.
    function memberAt(uint256 index) external view returns (address);

    /// @notice Seats of the latest round: proposers sit at [0, proposers), voters at [proposers, proposers + voters).
    /// Zero before the first round.
    function seats() external view returns (uint256 proposers, uint256 voters);

    /// @notice The seat position of `client` in the open round, once drawn; 2^256 − 1 when it was no member at the opening.
    /// @dev Places change after a round is finalised, so the answer is about the open round only.
    function positionOf(address client) external view returns (uint256);

    /// @notice What `client` has in the escrow: its stake while the round is open, its payout once finalised.
    function escrowOf(address client) external view returns (uint256);

    /// @notice The digest that binds an update to this chain, contract, the latest round, `client` and `salt`.
    function updateCommitment(address client, bytes32 root, uint256 samples, bytes32 salt)
        external
        view
        returns (bytes24);

    /// @notice The digest that binds a ballot to this chain, contract, the latest round, `client` and `salt`.
    function ballotCommitment(address client, uint16 ballot, bytes32 salt) external view returns (bytes24);
}

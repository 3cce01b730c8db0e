// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAdmission} from "./interfaces/IAdmission.sol";
import {IRoundManager} from "./interfaces/IRoundManager.sol";
import {ISeedSource} from "./interfaces/ISeedSource.sol";
import {IStakePool} from "./interfaces/IStakePool.sol";
import {ParametersCheck} from "./libraries/ParametersCheck.sol";
import {Schedule, Schedules} from "./libraries/Schedules.sol";
import {StakePool} from "./StakePool.sol";

/// @title RoundParameters
/// @dev What a deployment of {RoundManager} is fixed to for ever: its pool, its sources, its parameters, checked.
abstract contract RoundParameters is IRoundManager {
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
}

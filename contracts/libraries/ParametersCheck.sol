// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAdmission} from "../interfaces/IAdmission.sol";
import {IRoundManager} from "../interfaces/IRoundManager.sol";
import {Seats} from "./Seats.sol";
import {Tallies} from "./Tallies.sol";

/// @title ParametersCheck
/// @notice The bounds of the parameters and the relations between them; used once, at deployment.
library ParametersCheck {
    /// @notice Reverts {IRoundManager.InvalidParameter} for the first parameter that breaks a bound or a relation.
    /// @param leastDelay Of its source of seeds.
    function check(IRoundManager.Parameters memory p, uint256 leastDelay) internal pure {
        uint256 largest = Math.max(p.proposerStake, p.voterStake);
        uint256 longest = uint256(p.proposeFor) + p.publishFor + p.voteFor + p.revealFor + p.markFor;

        _atLeast("proposerStake", p.proposerStake, 1);
        _atLeast("voterStake", p.voterStake, Seats.MAX_PROPOSERS); // Every part of a stake is at least one unit.
        _atLeast("bond", p.bond, largest + p.absencePenalty);
        _atLeast("proposerBps", p.proposerBps, 1);
        _atMost("proposerBps", p.proposerBps, 5000); // Somebody is left to vote.
        _atLeast("voterSeats", p.voterSeats, 1);
        _atMost("voterSeats", p.voterSeats, Tallies.MAX_VOTERS);
        _atMost("quorumBps", p.quorumBps, 5000);
        _atLeast("maxSamples", p.maxSamples, 1);
        _atLeast("minMembers", p.minMembers, Seats.MIN_MEMBERS);
        _atLeast("seedDelay", p.seedDelay, Math.max(1, leastDelay)); // Not the opening's own block.
        _atMost("seedDelay", p.seedDelay, 256);
        _atLeast("proposeFor", p.proposeFor, 1);
        _atLeast("publishFor", p.publishFor, 1);
        _atLeast("voteFor", p.voteFor, 1);
        _atLeast("revealFor", p.revealFor, 1);
        _atMost("interval", p.interval, 365 days);
        // Whoever opens rounds as fast as they end would empty the budget as fast.
        if (p.proposerReward != 0 || p.voterReward != 0) _atLeast("interval", p.interval, longest);
        _atLeast("unbonding", p.unbonding, longest);
        _atLeast("rules", uint256(p.rules), 1);
    }

    /// @notice Reverts {IRoundManager.AdmissionWithoutCode} for what is no contract: nobody could ever join.
    /// @param admission Who may join; zero for anyone.
    function checkAdmission(IAdmission admission) internal view {
        address at = address(admission);
        require(at == address(0) || at.code.length != 0, IRoundManager.AdmissionWithoutCode(at));
    }

    function _atLeast(string memory name, uint256 actual, uint256 bound) private pure {
        require(actual >= bound, IRoundManager.InvalidParameter(name, actual, bound));
    }

    function _atMost(string memory name, uint256 actual, uint256 bound) private pure {
        require(actual <= bound, IRoundManager.InvalidParameter(name, actual, bound));
    }
}

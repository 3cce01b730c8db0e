// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VoterFacts} from "./VoterFacts.sol";
import {vm} from "../support/Vm.sol";

/// @notice Proved by Halmos: how near all-or-nothing ballots come to Algorithm 2, for every stake and all counts. Of R ballots
/// revealed, c here, W are the majority, on p proposals; the paper knows no silent ones, and those take no part. {SettlementProofs} finds what is paid here in the library.
/// Products and quotients are symbols here, of which {VoterFacts} are known.
/// @custom:halmos --solver-command ".venv/audit/bin/python tests/forge/proofs/solve.py commuting"
contract VoterProofs {
    struct Terms {
        uint256 rest; // of the stake, that p does not divide
        uint256 share; // of one proposal
        uint256 paper; // Algorithm 2: stake + ⌊(R − W)·stake / W⌋
        uint256 short; // of it
    }

    /// @dev Never more than the paper, and W times less by at most p·(W − 1) + (R − W)·(p − 1).
    function check_allOrNothingIsNearAlgorithmTwo(uint256 p, uint256 w, uint256 c, uint256 stake)
        external
        pure
    {
        Terms memory t = _proved(p, w, c, stake);
        unchecked {
            assert(t.rest + p * t.share <= t.paper);
            assert(w * t.short <= p * (w - 1) + (c - w) * (p - 1));
        }
    }

    /// @dev W is more than half of R, whoever is silent: less by fewer than 2·p base units.
    function check_lessThanTwiceTheProposals(uint256 p, uint256 w, uint256 c, uint256 stake) external pure {
        vm.assume(w <= c && c < 2 * w && w < VoterFacts.VOTES);
        Terms memory t = _proved(p, w, c, stake);
        unchecked {
            vm.assume(VoterFacts.growsWith(p - 1, c - w, w));
            vm.assume(VoterFacts.growsTo(w, 2 * p, t.short) && VoterFacts.twiceIsMore(w, p));
        }
        assert(t.short < 2 * p);
    }

    function _proved(uint256 p, uint256 w, uint256 c, uint256 stake) private pure returns (Terms memory t) {
        vm.assume(0 < p && p <= VoterFacts.PROPOSALS && 0 < w && w <= c && c < VoterFacts.VOTES);
        vm.assume(stake < VoterFacts.STAKES);
        unchecked {
            uint256 part = stake / p;
            uint256 pot = c * part;
            t.share = pot / w;
            t.rest = stake - p * part;
            vm.assume(VoterFacts.leavesLess(stake, p) && VoterFacts.locksFit(c, part));
            vm.assume(VoterFacts.leavesLess(pot, w) && VoterFacts.sharesFit(p, t.share));

            uint256 others = (c - w) * stake;
            uint256 more = others / w;
            t.paper = stake + more;
            t.short = t.paper - (t.rest + p * t.share);
            vm.assume(VoterFacts.locksFit(c - w, stake) && VoterFacts.leavesLess(others, w));

            uint256 lastLeft = others - w * more;
            uint256 left = p * (pot - w * t.share) + (c - w) * t.rest;
            vm.assume(VoterFacts.growsWith(p, pot - w * t.share, w) && VoterFacts.growsWith(c - w, t.rest, p));
            vm.assume(VoterFacts.differIsOfRests(p, w, c, stake, part, t.share, more));
            assert(w * t.short == left - lastLeft);

            vm.assume(VoterFacts.mirrors(w, t.short));
            vm.assume(VoterFacts.isNotNegative(w, 0 - t.short, left, lastLeft));
            assert(t.short < VoterFacts.SUMS);

            vm.assume(VoterFacts.isAtMost(w, t.short, left, lastLeft));
            assert(w * t.short <= left);
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VoterFacts} from "./VoterFacts.sol";

/// @notice Proved by Halmos for every word: what {VoterProofs} assumes.
/// @custom:halmos --solver-command ".venv/audit/bin/python tests/forge/proofs/solve.py integers"
contract VoterFactProofs {
    function check_leavesLess(uint256 x, uint256 w) external pure {
        assert(VoterFacts.leavesLess(x, w));
    }

    function check_growsWith(uint256 k, uint256 rest, uint256 w) external pure {
        assert(VoterFacts.growsWith(k, rest, w));
    }

    function check_locksFit(uint256 c, uint256 stake) external pure {
        assert(VoterFacts.locksFit(c, stake));
    }

    function check_sharesFit(uint256 p, uint256 q) external pure {
        assert(VoterFacts.sharesFit(p, q));
    }

    function check_differIsOfRests(
        uint256 p,
        uint256 w,
        uint256 c,
        uint256 stake,
        uint256 part,
        uint256 q,
        uint256 more
    ) external pure {
        assert(VoterFacts.differIsOfRests(p, w, c, stake, part, q, more));
    }

    function check_isAtMost(uint256 w, uint256 d, uint256 n, uint256 r) external pure {
        assert(VoterFacts.isAtMost(w, d, n, r));
    }

    function check_isNotNegative(uint256 w, uint256 e, uint256 n, uint256 r) external pure {
        assert(VoterFacts.isNotNegative(w, e, n, r));
    }

    function check_growsTo(uint256 w, uint256 x, uint256 d) external pure {
        assert(VoterFacts.growsTo(w, x, d));
    }

    function check_twiceIsMore(uint256 w, uint256 p) external pure {
        assert(VoterFacts.twiceIsMore(w, p));
    }

    function check_mirrors(uint256 w, uint256 d) external pure {
        assert(VoterFacts.mirrors(w, d));
    }
}

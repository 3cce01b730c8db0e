// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title VoterFacts
/// @notice Facts of products and quotients that the proof of Algorithm 2 rests on. Each is true of all words: proved by
/// {VoterFactProofs}, for a solver of integers, and assumed by {VoterProofs}, where products and quotients are symbols.
/// One function for both: what is assumed is what was proved. Assembly, for a branch would split every path in two.
library VoterFacts {
    uint256 internal constant VOTES = 1 << 14;
    uint256 internal constant STAKES = 1 << 96;
    uint256 internal constant PROPOSALS = 16;
    uint256 internal constant RESTS = 1 << 20; // Above p·(W − 1) + (C − W)·(p − 1).
    uint256 internal constant SUMS = 1 << 115; // Above p·⌊C·part / W⌋ and ⌊C·stake / W⌋.

    /// @notice x − w·⌊x / w⌋ < w and ⌊x / w⌋ ≤ x, for w above zero.
    function leavesLess(uint256 x, uint256 w) internal pure returns (bool holds) {
        assembly ("memory-safe") {
            holds := and(lt(sub(x, mul(w, div(x, w))), w), iszero(gt(div(x, w), x)))
            holds := or(iszero(w), holds)
        }
    }

    /// @notice k·rest ≤ k·(w − 1) < 2^19 for rest < w, where one of k and w counts votes, the other proposals.
    function growsWith(uint256 k, uint256 rest, uint256 w) internal pure returns (bool holds) {
        uint256 proposals = PROPOSALS;
        uint256 votes = VOTES;
        assembly ("memory-safe") {
            let most := mul(k, sub(w, 1))
            holds := and(iszero(gt(mul(k, rest), most)), lt(most, shl(19, 1)))
            let small :=
                or(and(iszero(gt(k, proposals)), lt(w, votes)), and(lt(k, votes), iszero(gt(w, proposals))))
            holds := or(iszero(and(small, lt(rest, w))), holds)
        }
    }

    /// @notice C·stake < 2^110.
    function locksFit(uint256 c, uint256 stake) internal pure returns (bool holds) {
        uint256 votes = VOTES;
        uint256 stakes = STAKES;
        assembly ("memory-safe") {
            holds := lt(mul(c, stake), shl(110, 1))
            holds := or(iszero(and(lt(c, votes), lt(stake, stakes))), holds)
        }
    }

    /// @notice p·q < 2^114 + 1 for a quotient q of what {locksFit}.
    function sharesFit(uint256 p, uint256 q) internal pure returns (bool holds) {
        uint256 proposals = PROPOSALS;
        assembly ("memory-safe") {
            holds := lt(mul(p, q), add(shl(114, 1), 1))
            holds := or(iszero(and(iszero(gt(p, proposals)), lt(q, shl(110, 1)))), holds)
        }
    }

    /// @notice W·d = p·(C·part − W·q) + (C − W)·rest − ((C − W)·stake − W·more), d = stake + more − (rest + p·q),
    /// rest = stake − p·part.
    function differIsOfRests(
        uint256 p,
        uint256 w,
        uint256 c,
        uint256 stake,
        uint256 part,
        uint256 q,
        uint256 more
    ) internal pure returns (bool holds) {
        assembly ("memory-safe") {
            let rest := sub(stake, mul(p, part))
            let d := sub(add(stake, more), add(rest, mul(p, q)))
            let parts := mul(p, sub(mul(c, part), mul(w, q)))
            let rests := mul(sub(c, w), rest)
            holds := eq(mul(w, d), sub(add(parts, rests), sub(mul(sub(c, w), stake), mul(w, more))))
        }
    }

    /// @notice W·d = n − r is at most n, for r < W.
    function isAtMost(uint256 w, uint256 d, uint256 n, uint256 r) internal pure returns (bool holds) {
        bool small = _areSmall(w, d, n, r);
        assembly ("memory-safe") {
            holds := iszero(and(eq(mul(w, d), sub(n, r)), gt(mul(w, d), n)))
            holds := or(iszero(small), holds)
        }
    }

    /// @notice W·e = r − n for no e above zero, for r < W.
    function isNotNegative(uint256 w, uint256 e, uint256 n, uint256 r) internal pure returns (bool holds) {
        bool small = _areSmall(w, e, n, r);
        assembly ("memory-safe") {
            holds := iszero(eq(mul(w, e), sub(r, n)))
            holds := or(iszero(and(small, iszero(iszero(e)))), holds)
        }
    }

    /// @notice W·(−d) = −(W·d).
    function mirrors(uint256 w, uint256 d) internal pure returns (bool holds) {
        assembly ("memory-safe") {
            holds := eq(mul(w, sub(0, d)), sub(0, mul(w, d)))
        }
    }

    /// @notice W·x ≤ W·d for x ≤ d.
    function growsTo(uint256 w, uint256 x, uint256 d) internal pure returns (bool holds) {
        bool small = _areSmall(w, d, 0, 0);
        assembly ("memory-safe") {
            holds := iszero(gt(mul(w, x), mul(w, d)))
            holds := or(iszero(and(small, iszero(gt(x, d)))), holds)
        }
    }

    /// @notice W·2p = p·(W − 1) + (p − 1)·(W − 1) + W + 2p − 1.
    function twiceIsMore(uint256 w, uint256 p) internal pure returns (bool holds) {
        assembly ("memory-safe") {
            let most := add(mul(p, sub(w, 1)), mul(sub(p, 1), sub(w, 1)))
            holds := eq(mul(w, shl(1, p)), add(most, sub(add(w, shl(1, p)), 1)))
        }
    }

    function _areSmall(uint256 w, uint256 d, uint256 n, uint256 r) private pure returns (bool small) {
        uint256 votes = VOTES;
        uint256 rests = RESTS;
        uint256 sums = SUMS;
        assembly ("memory-safe") {
            small := and(and(lt(w, votes), lt(r, w)), and(iszero(gt(d, sums)), lt(n, rests)))
        }
    }
}

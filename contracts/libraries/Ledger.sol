// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Ledger
/// @notice Whose the tokens in the pool's custody are, in base units.
/// @dev The escrow is never stored: it is what was deposited beyond clients' tokens and the reward pool. Summing it on
/// every lock and payment would cost 225k gas a round. Arithmetic and casts are safe: no sum of balances exceeds
/// the supply, which fits 96 bits, and times are a block's plus at most 32 bits of seconds.
library Ledger {
    /// @notice One client's tokens.
    struct Account {
        uint96 free; // "Unbonding" instead of free once releaseAt is set.
        uint40 releaseAt; // Unix time from which one who left may withdraw; zero for members and for those never in.
    }

    struct State {
        mapping(address client => Account) accounts;
        uint128 rewardPool; // Of which included proposers are paid.
        uint128 budget; // Of which attendance is rewarded.
    }

    /// @notice Thrown when a client has less than an action takes.
    /// @param client Whose tokens.
    /// @param free Base units it has.
    /// @param required Base units the action takes.
    error InsufficientFree(address client, uint256 free, uint256 required);

    /// @notice Moves `credit` from the escrow to free, then `debit` from free to the escrow, or out of custody.
    function exchange(State storage self, address client, uint256 credit, uint256 debit) internal {
        Account storage entry = self.accounts[client];
        unchecked {
            uint256 free = entry.free + credit;
            require(free >= debit, InsufficientFree(client, free, debit));
            entry.free = uint96(free - debit);
        }
    }

    /// @notice Moves min(free, `penalty`) to the reward pool.
    /// @return paid What was moved.
    function penalise(State storage self, address client, uint256 penalty) internal returns (uint256 paid) {
        paid = Math.min(self.accounts[client].free, penalty);
        self.accounts[client].free -= uint96(paid);
        self.rewardPool += uint128(paid);
    }

    /// @notice Moves a finalised round's totals: `slashed` from the escrow to the reward pool, `awarded` back, and `rewarded`
    /// from the budget to the escrow.
    function closeRound(State storage self, uint256 slashed, uint256 awarded, uint256 rewarded) internal {
        self.rewardPool = uint128(self.rewardPool + slashed - awarded);
        if (rewarded != 0) self.budget -= uint128(rewarded);
    }

    /// @notice Adds `amount` to the budget.
    function fund(State storage self, uint256 amount) internal {
        self.budget += uint128(amount);
    }

    /// @notice Takes reward pool and budget out of custody.
    /// @return amount What they were.
    function empty(State storage self) internal returns (uint256 amount) {
        amount = uint256(self.rewardPool) + self.budget;
        (self.rewardPool, self.budget) = (0, 0);
    }

    /// @notice Starts a client's unbonding, or ends it when `releaseAt` is zero.
    function setRelease(State storage self, address client, uint256 releaseAt) internal {
        self.accounts[client].releaseAt = uint40(releaseAt);
    }
}

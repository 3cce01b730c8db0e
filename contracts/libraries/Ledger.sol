// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Ledger
/// @notice Whose the tokens in the pool's custody are, in base units.
/// @dev The escrow is never stored: it is what was deposited beyond clients' tokens and the reward pool. Summing it on
/// every lock and payment would cost 225k gas a round. Arithmetic and casts are safe: no sum of balances exceeds
/// the supply, which fits 96 bits, and times are a block's plus at most 32 bits of seconds.
library Ledger {
    /// @notice Whose account the budget is, of which attendance is rewarded: nobody's, for no call has this sender.
    address internal constant BUDGET = address(0);

    /// @notice One client's tokens.
    struct Account {
        uint96 free; // "Unbonding" instead of free once releaseAt is set.
        uint40 releaseAt; // Unix time from which one who left may withdraw; zero for members and for those never in.
    }

    struct State {
        mapping(address client => Account) accounts;
        uint256 rewardPool; // Of which included proposers are paid.
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
        self.rewardPool += paid;
    }

    /// @notice Moves a finalised round's totals: `slashed` from the escrow to the reward pool, `awarded` back, and `rewards`
    /// from the budget to the escrow where it covers them.
    /// @return rewarded What the budget paid: all of `rewards`, or nothing.
    function closeRound(State storage self, uint256 slashed, uint256 awarded, uint256 rewards)
        internal
        returns (uint256 rewarded)
    {
        self.rewardPool = self.rewardPool + slashed - awarded;
        if (rewards == 0 || rewards > self.accounts[BUDGET].free) return 0;

        exchange(self, BUDGET, 0, rewards);
        return rewards;
    }

    /// @notice Takes reward pool and budget out of custody.
    /// @return amount What they were.
    function empty(State storage self) internal returns (uint256 amount) {
        amount = self.rewardPool + self.accounts[BUDGET].free;
        (self.rewardPool, self.accounts[BUDGET].free) = (0, 0);
    }

    /// @notice Starts a client's unbonding, or ends it when `releaseAt` is zero.
    function setRelease(State storage self, address client, uint256 releaseAt) internal {
        self.accounts[client].releaseAt = uint40(releaseAt);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ledger} from "../libraries/Ledger.sol";

/// @title LedgerHarness
/// @notice For tests: every move of the library Ledger, by anyone.
contract LedgerHarness {
    using Ledger for Ledger.State;

    Ledger.State private _ledger;

    function exchange(address client, uint256 credit, uint256 debit) external {
        _ledger.exchange(client, credit, debit);
    }

    function penalise(address client, uint256 penalty) external returns (uint256 paid) {
        return _ledger.penalise(client, penalty);
    }

    function closeRound(uint256 slashed, uint256 awarded, uint256 rewards) external returns (uint256) {
        return _ledger.closeRound(slashed, awarded, rewards);
    }

    function setRelease(address client, uint256 releaseAt) external {
        _ledger.setRelease(client, releaseAt);
    }

    function accountOf(address client) external view returns (Ledger.Account memory) {
        return _ledger.accounts[client];
    }

    function rewardPool() external view returns (uint256) {
        return _ledger.rewardPool;
    }

    function budget() external view returns (uint256) {
        return _ledger.accounts[Ledger.BUDGET].free;
    }
}

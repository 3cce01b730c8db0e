// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../interfaces/IRoundManager.sol";

/// @title BalanceLens
/// @notice For simulations: the tokens of many clients in one call.
contract BalanceLens {
    /// @notice Each client's tokens, free, unbonding and escrowed, in base units.
    function balancesOf(IRoundManager manager, address[] calldata clients)
        external
        view
        returns (uint256[] memory balances)
    {
        balances = new uint256[](clients.length);
        for (uint256 i; i < clients.length; ++i) {
            balances[i] = manager.accountOf(clients[i]).free + manager.escrowOf(clients[i]);
        }
    }
}

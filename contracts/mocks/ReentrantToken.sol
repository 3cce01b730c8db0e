// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakePool} from "../interfaces/IStakePool.sol";

/// @title ReentrantToken
/// @notice For tests: calls the pool's deposit again while it hands tokens over.
contract ReentrantToken {
    mapping(address holder => uint256) public balanceOf;
    uint256 public constant totalSupply = 1e15;

    function transferFrom(address, address to, uint256 amount) external returns (bool) {
        balanceOf[to] += amount;
        IStakePool(to).deposit(amount);
        return true;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title FeeToken
/// @notice For tests: hands over one unit less than asked for; everybody has any amount.
contract FeeToken {
    mapping(address holder => uint256) public balanceOf;
    uint256 public constant totalSupply = 1e15;

    function transferFrom(address, address to, uint256 amount) external returns (bool) {
        balanceOf[to] += amount - 1;
        return true;
    }
}

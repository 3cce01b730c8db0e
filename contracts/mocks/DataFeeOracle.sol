// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title DataFeeOracle
/// @notice For tests: stands where a rollup of the OP Stack tells what a transaction's bytes on Ethereum cost; here the
/// same for every byte.
contract DataFeeOracle {
    uint256 public constant WEI_PER_BYTE = 1e12;

    error NotATransaction();

    function getL1Fee(bytes calldata transaction) external pure returns (uint256) {
        // An EIP-2718 envelope of type 2, with a list in it.
        require(transaction[0] == 0x02 && transaction[1] >= 0xc0, NotATransaction());
        return transaction.length * WEI_PER_BYTE;
    }
}

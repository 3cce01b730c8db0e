// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISeedSource} from "../../../contracts/interfaces/ISeedSource.sol";
import {vm} from "../support/Vm.sol";

/// @notice The sources of public networks, on blocks whose hash is set.
contract SeedSources {
    uint256 private constant ANCHOR = 900;

    ISeedSource private _hash;
    ISeedSource private _prevrandao;

    function setUp() external {
        vm.roll(1000);
        _hash = ISeedSource(vm.deployCode("BlockhashSeed.sol:BlockhashSeed", ""));
        _prevrandao = ISeedSource(vm.deployCode("PrevrandaoSeed.sol:PrevrandaoSeed", ""));
    }

    function testFuzz_hashOfTheAnchor(bytes32 value, uint256 round) external {
        vm.assume(value != 0);
        vm.setBlockhash(ANCHOR, value);
        vm.assertEq(_hash.seed(round, ANCHOR, ""), value, "another value");
    }

    function test_hashThatTheChainForgot() external {
        vm.expectRevert(abi.encodeWithSelector(ISeedSource.InvalidSeedProof.selector, 1000 - 257));
        _hash.seed(1, 1000 - 257, "");
    }

    function testFuzz_prevrandaoOfTheHeader(bytes32 value) external {
        bytes memory header = _header(value);
        vm.setBlockhash(ANCHOR, keccak256(header));
        vm.assertEq(_prevrandao.seed(1, ANCHOR, header), value, "another value");
    }

    function testFuzz_anotherHeaderIsRefused(bytes32 value, bytes32 other) external {
        vm.assume(value != other);
        vm.setBlockhash(ANCHOR, keccak256(_header(value)));
        vm.expectRevert(abi.encodeWithSelector(ISeedSource.InvalidSeedProof.selector, ANCHOR));
        _prevrandao.seed(1, ANCHOR, _header(other));
    }

    /// @dev RLP of twenty fields, all empty but the fourteenth, which is the block's prevrandao.
    function _header(bytes32 value) private pure returns (bytes memory) {
        bytes memory before = hex"80808080808080808080808080";
        bytes memory fields = bytes.concat(before, hex"a0", value, hex"808080808080");
        return bytes.concat(bytes1(uint8(0xc0 + fields.length)), fields);
    }
}

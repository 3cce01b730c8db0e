// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {ISeedSource} from "../../../contracts/interfaces/ISeedSource.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice How long a draw can wait, by what the chain keeps of past blocks.
contract Windows is Field {
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935; // EIP-2935
    address private constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    // The contract itself, as the EIP has it.
    bytes private constant KEEPER = hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257"
        hex"611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
    uint256 private constant NOW = 20_000;

    /// @dev Found by the audit: a lone keeper let 256 blocks pass until an anchor gave the seats it wanted. Where hashes are
    /// kept that takes it a day for each, in which anyone can draw.
    function test_aLoneKeeperCannotReplaceAnAnchorWithinADay() external {
        address source = _keeping();
        _deploy(Presets.guarded(), _token(), source);
        _enlist(5);
        manager.openRound();
        uint256 anchor = manager.record(1).anchor;
        _keep(anchor);
        vm.roll(anchor + 8191);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.AnchorUsable.selector, anchor + 8191, anchor));
        manager.reanchor();
        uint256 state = vm.snapshotState();

        vm.roll(anchor + 8192);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.AnchorNotUsable.selector, anchor + 8192, anchor));
        manager.draw("");
        manager.reanchor();
        vm.revertToState(state);

        manager.draw("");
        vm.assertTrue(manager.head().drawnAt != 0, "not drawn in the window's last block");
    }

    function test_keptHashesServeAndNothingElseDoes() external {
        ISeedSource source = ISeedSource(_keeping());
        vm.assertEq(source.WINDOW(), 8191, "window");
        _keep(NOW);
        vm.roll(NOW + 8191);
        vm.assertEq(source.seed(1, NOW, ""), bytes32(NOW), "kept");
        vm.roll(NOW + 8192);
        _refuses(source, NOW);
        bytes[2] memory answers = [bytes(hex"60205ff3"), bytes(hex"5f5ffd")]; // Zero, and a refusal: no hash.
        for (uint256 i; i < answers.length; ++i) {
            vm.etch(HISTORY, answers[i]);
            _refuses(source, NOW + 7000);
        }
    }

    /// @dev Arbitrum's contract counts other blocks than `block.number`; older chains have none; and short answers are none.
    function test_otherChainsHaveTheEvmsWindow() external {
        _clock();
        bytes[4] memory codes = [
            bytes(""), bytes(hex"5f356001015f5260205ff3"), bytes(hex"60205ff3"), bytes(hex"5f355f52601f5ff3")
        ];
        for (uint256 i; i < codes.length; ++i) {
            vm.etch(HISTORY, codes[i]);
            ISeedSource source = ISeedSource(vm.deployCode("BlockhashSeed.sol:BlockhashSeed", ""));
            vm.assertEq(source.WINDOW(), 256, "trusted");
        }
    }

    function test_aDelayBelowTheSourcesIsRefused() external {
        _clock();
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.seedDelay = 1;
        address token_ = _token();
        address source = vm.deployCode("PrevrandaoSeed.sol:PrevrandaoSeed", "");
        vm.expectRevert(
            abi.encodeWithSelector(
                IRoundManager.InvalidParameter.selector, "seedDelay", uint256(1), uint256(2)
            )
        );
        this.deployManager(token_, source, parameters);
        parameters.seedDelay = 2;
        this.deployManager(token_, source, parameters);
    }

    /// @dev A source on a chain that keeps hashes, each the number of its block.
    function _keeping() private returns (address) {
        _clock();
        vm.etch(HISTORY, KEEPER);
        _keep(NOW - 1);
        return vm.deployCode("BlockhashSeed.sol:BlockhashSeed", "");
    }

    /// @dev What the chain does at the beginning of the next block, the latest from now on.
    function _keep(uint256 number) private {
        vm.roll(number + 1);
        vm.prank(SYSTEM);
        (bool kept,) = HISTORY.call(abi.encode(number));
        vm.assertTrue(kept, "not kept");
    }

    function _refuses(ISeedSource source, uint256 anchor) private {
        vm.expectRevert(abi.encodeWithSelector(ISeedSource.InvalidSeedProof.selector, anchor));
        source.seed(1, anchor, "");
    }

    function _clock() private {
        vm.roll(NOW);
        vm.setBlockhash(NOW - 1, bytes32(NOW - 1));
    }
}

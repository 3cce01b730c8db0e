// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";
import {HostileSeed} from "./HostileSeed.sol";

/// @notice A source of randomness that fails, for ever and in every way: no round is drawn, and everybody gets out.
contract Seeds is Field {
    function test_defended_failingSeedLocksNobody() external {
        for (uint256 i = 1; i <= uint256(type(HostileSeed.Manner).max); ++i) {
            HostileSeed source = new HostileSeed();
            _deploy(Presets.guarded(), _token(), address(source));
            _enlist(5);
            source.behave(HostileSeed.Manner(i));
            manager.openRound();
            vm.roll(vm.getBlockNumber() + 3);
            (bool drawn,) = address(manager).call{gas: 2_000_000}(abi.encodeCall(manager.draw, ("")));
            vm.assertTrue(!drawn, "drawn from a broken source");
            vm.assertEq(manager.head().drawnAt, 0, "half drawn");
            _leave();
            vm.assertEq(token.balanceOf(address(pool)), 0, "left behind");
        }
    }

    function test_defended_seedThatRecoversIsDrawn() external {
        HostileSeed source = new HostileSeed();
        _deploy(Presets.guarded(), _token(), address(source));
        _enlist(5);
        source.behave(HostileSeed.Manner.Reverts);
        manager.openRound();
        vm.roll(vm.getBlockNumber() + 300);
        source.behave(HostileSeed.Manner.Plain);
        manager.reanchor();
        vm.roll(vm.getBlockNumber() + 3);
        manager.draw("");
        vm.assertEq(_drain(), 0, "left behind");
    }

    /// @dev A source that always answers the same: rounds, deployments and chains have seats of their own all the same.
    function test_defended_sameValueGivesOtherSeeds() external {
        address source = address(new HostileSeed());
        _deploy(Presets.guarded(), _token(), source);
        _enlist(5);
        uint256 state = vm.snapshotState();
        uint256 first = _seedOfNextRound();
        vm.assertTrue(_seedOfNextRound() != first, "two rounds alike");
        vm.revertToState(state);

        vm.chainId(block.chainid + 1);
        vm.assertTrue(_seedOfNextRound() != first, "two chains alike");
        vm.revertToState(state);

        _deploy(Presets.guarded(), _token(), source);
        _enlist(5);
        vm.assertTrue(_seedOfNextRound() != first, "two deployments alike");
    }

    function _seedOfNextRound() private returns (uint256 seed) {
        _openAndDraw();
        seed = manager.head().seed;
        _finishRound();
    }

    function _leave() private {
        for (uint256 i; i < clients.length; ++i) {
            vm.prank(clients[i]);
            manager.requestExit();
        }
        vm.warp(vm.getBlockTimestamp() + p.unbonding);
        for (uint256 i; i < clients.length; ++i) {
            uint256 amount = manager.accountOf(clients[i]).free;
            vm.prank(clients[i]);
            manager.withdraw(amount);
        }
    }
}

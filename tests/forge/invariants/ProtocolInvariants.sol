// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {IStakePool} from "../../../contracts/interfaces/IStakePool.sol";
import {Seat} from "../../../contracts/libraries/Clients.sol";
import {Handler} from "../handlers/Handler.sol";
import {vm} from "../support/Vm.sol";

/// @title ProtocolInvariants
/// @notice The properties I1 to I15 of the protocol: those of states after every call, all in one function, since Foundry plays
/// a campaign for each that it finds; those of what can follow after every sequence.
abstract contract ProtocolInvariants {
    struct Target {
        address addr;
        bytes4[] selectors;
    }

    Handler internal handler;
    IRoundManager internal manager;
    IStakePool internal pool;
    IERC20 internal token;
    IRoundManager.Parameters internal p;

    function _setUp(IRoundManager.Parameters memory parameters) internal {
        handler = new Handler(parameters);
        manager = handler.manager();
        pool = handler.pool();
        token = handler.token();
        p = parameters;
    }

    /// @notice Read by Foundry, as the next two: only the handler is called, and of it only these.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (Target[] memory targets) {
        targets = new Target[](1);
        targets[0].addr = address(handler);
        (targets[0].selectors,) = handler.calls();
    }

    /// @notice One sender does: handlers choose who calls.
    function targetSenders() external pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0xca11e4);
    }

    /* AT THE END OF A SEQUENCE */

    /// @notice Called by Foundry after each sequence: all that is checked of states holds, rounds go on (I6), and everybody gets out (I5, I15).
    function afterInvariant() external {
        handler.check();
        uint256 state = vm.snapshotState();
        _checkRoundsGoOn();
        vm.revertToState(state);
        _drain();
    }

    /// @dev Time and anyone's calls reach the next round while enough members remain and rounds are left.
    function _checkRoundsGoOn() private {
        _finish();
        bool isOver = p.maxRounds != 0 && manager.head().round == p.maxRounds;
        if (manager.memberCount() < p.minMembers || isOver) return;

        uint256 round = manager.head().round;
        uint256 opensAt = manager.head().drawnAt + p.interval;
        if (vm.getBlockTimestamp() < opensAt) vm.warp(opensAt);
        manager.openRound();
        _finish();
        vm.assertEq(manager.head().round, round + 1, "I6: no next round");
    }

    /// @dev Everyone leaves and takes everything; what stays is the reward pool and what was given to nobody.
    function _drain() private {
        for (uint256 i; i < handler.actorCount(); ++i) {
            address a = handler.actorAt(i);
            if (!manager.clientOf(a).isMember) continue;
            vm.prank(a);
            manager.requestExit();
        }
        _finish();
        vm.warp(vm.getBlockTimestamp() + p.unbonding);
        for (uint256 i; i < handler.actorCount(); ++i) {
            address a = handler.actorAt(i);
            IRoundManager.ClientState memory c = manager.clientOf(a);
            if (c.seat != Seat.None && c.seat != Seat.Absent) manager.settle(c.round, a);
            uint256 amount = manager.accountOf(a).free;
            vm.prank(a);
            manager.withdraw(amount);
        }
        vm.assertEq(
            token.balanceOf(address(pool)) - handler.ghostDonated(),
            manager.rewardPool() + manager.budget(),
            "I15: something is left behind"
        );
        if (p.treasury == address(0)) return;
        manager.sweep(); // Nobody is a member, and unbonding is over.
        vm.assertEq(token.balanceOf(address(pool)), handler.ghostDonated(), "I15: the sweep leaves something");
    }

    function _finish() private {
        if (manager.head().finalised) return;
        if (manager.head().drawnAt == 0) {
            uint256 anchor = manager.record(manager.head().round).anchor;
            if (vm.getBlockNumber() > anchor + 256) {
                manager.reanchor();
                anchor = manager.record(manager.head().round).anchor;
            }
            if (vm.getBlockNumber() <= anchor) vm.roll(anchor + 1);
            manager.draw("");
        }
        vm.warp(
            vm.getBlockTimestamp() + uint256(p.proposeFor) + p.publishFor + p.voteFor + p.revealFor
                + p.markFor
        );
        manager.finalise();
    }
}

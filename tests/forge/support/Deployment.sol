// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {IStakePool} from "../../../contracts/interfaces/IStakePool.sol";
import {vm} from "./Vm.sol";

/// @title Deployment
/// @notice Deploys the contracts as they are compiled for a network: by name, not by import, so that the tests around
/// them compile apart.
abstract contract Deployment {
    uint256 internal constant SUPPLY = 1e24;

    IERC20 public token;
    address internal admission; // Who may join the next manager deployed; zero for anyone.
    IRoundManager public manager;
    IStakePool public pool;
    IRoundManager.Parameters internal p;

    /// @dev Token with the whole supply here, seed source of simulations, manager and pool.
    function _deploy(IRoundManager.Parameters memory parameters) internal {
        _deploy(
            parameters,
            _token(),
            vm.deployCode("SimulatedSeed.sol:SimulatedSeed", abi.encode(bytes32("seed")))
        );
    }

    function _deploy(IRoundManager.Parameters memory parameters, address token_, address seedSource)
        internal
    {
        vm.warp(1_700_000_000);
        vm.roll(1000);
        p = parameters;
        token = IERC20(token_);
        manager = IRoundManager(
            vm.deployCode(
                "RoundManager.sol:RoundManager", abi.encode(token_, seedSource, admission, parameters)
            )
        );
        pool = manager.POOL();
    }

    /// @notice A call of its own, so that its refusal can be expected: what follows one inside a cheatcode never runs.
    function deployManager(address token_, address source, IRoundManager.Parameters calldata parameters)
        external
        returns (address)
    {
        return
            vm.deployCode("RoundManager.sol:RoundManager", abi.encode(token_, source, admission, parameters));
    }

    function _token() internal returns (address) {
        return vm.deployCode("StakeToken.sol:StakeToken", abi.encode("Stake", "STK", SUPPLY, address(this)));
    }

    /// @dev Gives `client` `amount` base units, which it deposits.
    function _deposit(address client, uint256 amount) internal {
        token.transfer(client, amount);
        vm.startPrank(client);
        token.approve(address(pool), amount);
        pool.deposit(amount);
        vm.stopPrank();
    }

    function _join(address client) internal {
        vm.prank(client);
        manager.join(abi.encode(new bytes32[](0))); // A tree of one address has no siblings.
    }

    /// @dev Ends whatever is open: draws if need be, lets the schedule pass, finalises.
    function _finishRound() internal {
        IRoundManager.RoundState memory h = manager.head();
        if (h.finalised) return;
        if (h.drawnAt == 0) _draw();
        vm.warp(vm.getBlockTimestamp() + _schedule() + p.markFor);
        manager.finalise();
    }

    /// @dev Draws the open round in the first block that can, by a new anchor when the old one was missed.
    function _draw() internal {
        uint256 anchor = manager.record(manager.head().round).anchor;
        if (vm.getBlockNumber() > anchor + 256) {
            manager.reanchor();
            anchor = manager.record(manager.head().round).anchor;
        }
        if (vm.getBlockNumber() <= anchor) vm.roll(anchor + 1);
        manager.draw("");
    }

    function _schedule() internal view returns (uint256) {
        return uint256(p.proposeFor) + p.publishFor + p.voteFor + p.revealFor;
    }
}

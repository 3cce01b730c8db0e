// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Seat} from "../../../contracts/libraries/Clients.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice Properties of whole rounds: I4 and I14.
contract Rounds is Field {
    /// @dev I4: any order of settling, by a stranger, leaves the same accounts.
    function testFuzz_orderOfSettlingDoesNotMatter(uint256 seed) external {
        _field(Presets.guarded(), 9);
        _playRound(seed);
        uint256 state = vm.snapshotState();
        bytes32 forwards = _settleAll(0, 1);
        vm.revertToState(state);
        bytes32 otherwise = _settleAll(seed % 9, 1 + seed % 2 * 3); // Steps of 1 or 4 pass through all nine.
        vm.assertEq(forwards, otherwise, "I4: accounts differ");
    }

    /// @dev I14: forty times as many members, the same gas for the calls that look at all of them.
    function test_costDoesNotDependOnMembers() external {
        uint256[4] memory few = _costs(16);
        uint256[4] memory many = _costs(640);
        for (uint256 i; i < few.length; ++i) {
            // A walk of the permutation may take a few turns more; a visit to each member would be 600 times 2,000.
            vm.assertApproxEqAbs(few[i], many[i], 12_000, "I14: the cost grows with the members");
        }
    }

    function _settleAll(uint256 first, uint256 step) private returns (bytes32) {
        bytes memory accounts;
        for (uint256 i; i < clients.length; ++i) {
            address a = clients[(first + i * step) % clients.length];
            IRoundManager.ClientState memory c = manager.clientOf(a);
            if (c.seat != Seat.None && c.seat != Seat.Absent) manager.settle(c.round, a);
        }
        for (uint256 i; i < clients.length; ++i) {
            accounts = abi.encode(accounts, manager.accountOf(clients[i]), manager.clientOf(clients[i]));
        }
        return keccak256(abi.encode(accounts, manager.rewardPool()));
    }

    function _costs(uint256 members) private returns (uint256[4] memory used) {
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.voterSeats = 4;
        _field(parameters, members);
        used[0] = gasleft();
        manager.openRound();
        used[0] -= gasleft();
        vm.roll(vm.getBlockNumber() + p.seedDelay + 1);
        used[1] = gasleft();
        manager.draw("");
        used[1] -= gasleft();
        vm.warp(vm.getBlockTimestamp() + p.proposeFor);
        address a = _seatedAt(0);
        used[2] = gasleft();
        manager.markAbsent(a);
        used[2] -= gasleft();
        vm.warp(vm.getBlockTimestamp() + _schedule() + p.markFor);
        used[3] = gasleft();
        manager.finalise();
        used[3] -= gasleft();
    }
}

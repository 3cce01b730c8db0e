// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice Whoever keeps ballots from being revealed neither earns by it nor chooses what is included: what the audit found.
contract Silence is Field {
    uint16 private constant ALL = 0xffff;

    /// @dev A builder that lets its own reveal through, and no other, took every stake.
    function test_theOnlyRevealTakesNothing() external {
        _field(Presets.paper(), 10);
        (uint256 proposers, uint256 voters) = _commitAll(ALL, ALL);
        _reveal(_seatedAt(proposers), ALL);
        _closeLate();
        vm.assertEq(manager.escrowOf(_seatedAt(proposers)), p.voterStake, "paid by the silent");
        vm.assertEq(manager.rewardPool(), (voters - 1) * p.voterStake, "not in the pool");
    }

    /// @dev Those who reveal alike get their stakes back, however many are silent.
    function testFuzz_whoRevealsAlikeNeverGains(uint256 reveals) external {
        _field(Presets.guarded(), 20);
        (uint256 proposers, uint256 voters) = _commitAll(ALL, ALL);
        reveals %= voters + 1;
        for (uint256 j; j < reveals; ++j) {
            _reveal(_seatedAt(proposers + j), ALL);
        }
        _closeLate();
        for (uint256 j; j < reveals; ++j) {
            vm.assertEq(manager.escrowOf(_seatedAt(proposers + j)), p.voterStake, "gained");
        }
        vm.assertEq(manager.rewardPool(), (voters - reveals) * p.voterStake, "the silent lose to the pool");
    }

    /// @dev A relay of members without coin dropped the noes: with 40 % of the ballots it included what the rest rejects.
    function test_droppingTheNoesIncludesNothing() external {
        _field(Presets.guarded(), 20);
        uint16 poison = 1;
        (uint256 proposers, uint256 voters) = _commitAll(ALL, ALL ^ poison);
        uint256 coalition = voters * 2 / 5;
        uint256 state = vm.snapshotState();

        for (uint256 kept; kept <= voters - coalition; ++kept) {
            for (uint256 j; j < coalition + kept; ++j) {
                _reveal(_seatedAt(proposers + j), j < coalition ? ALL : ALL ^ poison);
            }
            _closeLate();
            // Included never; whether its stake is lost is for more than half of the ballots, or half of them, to say.
            uint256 stake = 2 * kept >= voters ? 0 : p.proposerStake;
            vm.assertEq(manager.escrowOf(_seatedAt(0)), stake, "poison included, or excluded by a minority");
            if (stake != 0) {
                vm.assertEq(manager.escrowOf(_seatedAt(proposers)), p.voterStake, "the coalition gains");
            }
            vm.revertToState(state);
        }
    }

    /// @dev All commit: two of five to `first`, the others to `second`.
    function _commitAll(uint16 first, uint16 second) private returns (uint256 proposers, uint256 voters) {
        _openAndDraw();
        (proposers, voters) = _submitAll();
        for (uint256 j; j < voters; ++j) {
            _commitBallot(_seatedAt(proposers + j), j < voters * 2 / 5 ? first : second);
        }
    }

    function _closeLate() private {
        vm.warp(manager.head().drawnAt + _schedule());
        manager.finalise();
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";

/// @title HostileSeed
/// @notice A source of randomness that reverts, answers too little, burns all gas, or calls back.
contract HostileSeed {
    enum Manner {
        Plain,
        Reverts,
        Short,
        BurnsGas,
        Reenters
    }

    uint16 public constant LEAST_DELAY = 1;
    uint16 public constant WINDOW = 256;

    Manner public manner;

    function behave(Manner manner_) external {
        manner = manner_;
    }

    fallback() external {
        if (manner == Manner.Reverts) revert("no seed");
        if (manner == Manner.BurnsGas) {
            while (gasleft() > 0) {}
        }
        if (manner == Manner.Reenters) IRoundManager(msg.sender).openRound();
        uint256 size = manner == Manner.Short ? 31 : 32;
        assembly {
            mstore(0, 0x5eed)
            return(0, size)
        }
    }
}

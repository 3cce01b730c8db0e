// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title HostileAdmission
/// @dev For tests: an admission that gives no bool for an answer, in one of several ways.
contract HostileAdmission {
    enum Kind {
        Reverts,
        BurnsGas,
        RevertsAtLength,
        AnswersAtLength,
        AnswersTwo,
        AnswersNothing,
        AnswersLess,
        Writes
    }

    Kind private immutable _KIND;
    uint256 private _written;

    constructor(Kind kind) {
        _KIND = kind;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        if (_KIND == Kind.BurnsGas) while (true) {}
        if (_KIND == Kind.Writes) _written = 1;
        if (_KIND == Kind.AnswersTwo) return abi.encode(2);
        if (_KIND == Kind.AnswersLess) return new bytes(31);
        if (_KIND == Kind.AnswersAtLength) return new bytes(100_000);
        if (_KIND == Kind.AnswersNothing) return "";
        bytes memory reason = new bytes(_KIND == Kind.RevertsAtLength ? 100_000 : 0);
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}

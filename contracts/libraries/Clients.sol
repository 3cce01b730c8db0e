// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../interfaces/IRoundManager.sol";

/// @notice What a client did with its last seat.
enum Seat {
    None, // Nothing, or settled since.
    Committed, // Proposer: stake locked, update committed.
    Published, // Proposer: commitment opened.
    Voted, // Voter: stake locked, ballot committed.
    Revealed, // Voter: ballot opened.
    Absent // Marked absent, or gave its seat up by leaving.
}

/// @notice A client in one word, rewritten by each of its actions, so that no action pays for a new slot.
/// Bits 0 to 7: {Seat}. 8 to 15: seats missed in a row. 16 to 39: index among the members plus one; zero when it is
/// none, all ones when it was removed for good. 40 to 63: round of its last seat. 64 to 255: content, which is the
/// commitment, then the seat position once published or the ballot once revealed.
type Client is uint256;

using Clients for Client global;

/// @title Clients
/// @notice Reads and writes a {Client}.
library Clients {
    /// @notice The place of those removed for good.
    uint256 internal constant REMOVED = type(uint24).max;

    uint256 private constant STRIKES_AT = 8;
    uint256 private constant PLACE_AT = 16;
    uint256 private constant ROUND_AT = 40;
    uint256 private constant CONTENT_AT = 64;

    /// @notice After its first act in a seat: strikes end.
    function seated(Client self, uint256 round_, Seat seat_, bytes24 commitment_)
        internal
        pure
        returns (Client)
    {
        return Client.wrap(
            (uint256(uint192(commitment_)) << CONTENT_AT) | (round_ << ROUND_AT) | (self.place() << PLACE_AT)
                | uint256(seat_)
        );
    }

    /// @notice After opening its commitment: `content_` takes its place.
    function opened(Client self, Seat seat_, uint256 content_) internal pure returns (Client) {
        uint256 kept = uint64(Client.unwrap(self)) & ~uint256(type(uint8).max);
        return Client.wrap((content_ << CONTENT_AT) | kept | uint256(seat_));
    }

    /// @notice After giving up, or missing, its seat of `round_`.
    function absent(Client self, uint256 round_) internal pure returns (Client) {
        return Client.wrap(
            (round_ << ROUND_AT) | (self.place() << PLACE_AT) | (self.strikes() << STRIKES_AT)
                | uint256(Seat.Absent)
        );
    }

    /// @notice After settlement.
    function settled(Client self) internal pure returns (Client) {
        return Client.wrap(Client.unwrap(self) & ~uint256(type(uint8).max));
    }

    /// @notice At another place.
    function placed(Client self, uint256 place_) internal pure returns (Client) {
        uint256 mask = uint256(type(uint24).max) << PLACE_AT;
        return Client.wrap((Client.unwrap(self) & ~mask) | (place_ << PLACE_AT));
    }

    /// @notice With `strikes_` seats missed in a row, below 256.
    function struck(Client self, uint256 strikes_) internal pure returns (Client) {
        uint256 mask = uint256(type(uint8).max) << STRIKES_AT;
        return Client.wrap((Client.unwrap(self) & ~mask) | (strikes_ << STRIKES_AT));
    }

    function seat(Client self) internal pure returns (Seat) {
        return Seat(uint8(Client.unwrap(self)));
    }

    function strikes(Client self) internal pure returns (uint256) {
        return uint8(Client.unwrap(self) >> STRIKES_AT);
    }

    function place(Client self) internal pure returns (uint256) {
        return uint24(Client.unwrap(self) >> PLACE_AT);
    }

    function round(Client self) internal pure returns (uint256) {
        return uint24(Client.unwrap(self) >> ROUND_AT);
    }

    /// @notice The content as a number: seat position or ballot.
    function content(Client self) internal pure returns (uint256) {
        return Client.unwrap(self) >> CONTENT_AT;
    }

    /// @notice The content as a commitment.
    function commitment(Client self) internal pure returns (bytes24) {
        return bytes24(uint192(self.content()));
    }

    /// @notice Whether it is a member now.
    function isMember(Client self) internal pure returns (bool) {
        uint256 place_ = self.place();
        return place_ != 0 && place_ != REMOVED;
    }

    /// @notice Whether `seat_` is what it did; cheaper than comparing with {seat}, which checks the range.
    function did(Client self, Seat seat_) internal pure returns (bool) {
        return uint8(Client.unwrap(self)) == uint8(seat_);
    }

    /// @notice Whether it locked a stake that was not settled.
    function isPayable(Client self) internal pure returns (bool) {
        return !self.did(Seat.None) && !self.did(Seat.Absent);
    }

    /// @notice All fields, for views.
    function unpacked(Client self) internal pure returns (IRoundManager.ClientState memory) {
        return IRoundManager.ClientState({
            isMember: self.isMember(),
            place: self.place(),
            strikes: self.strikes(),
            round: self.round(),
            seat: self.seat(),
            content: self.commitment()
        });
    }
}

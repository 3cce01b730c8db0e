"""Members that play by hand, each with a key of its own, through the senders that clients use."""

from live import FAST

from offchain.live.access.chain import Invocation
from offchain.live.access.sender import Sender
from offchain.live.relaying.acts import Acts
from offchain.live.relaying.line import RelayLine
from offchain.live.watching.view import read_view
from offchain.reference import commitments

SALT = b"\x05" * 32


def root_of(key):
    """Some update's."""
    return bytes.fromhex(key.address[2:]).rjust(32, b"\x01")


def relay_line(url, deployment, key, client=None, **more):
    """The line of a client to a relay, by its own key or its operator's."""
    return RelayLine(url, Acts(deployment, key, client), **more)


class Players:
    """The members of a deployment."""

    def __init__(self, deployment, chain, keys, settings=FAST):
        self.deployment, self.chain, self.keys, self.settings = deployment, chain, keys, settings
        self.refresh()

    def refresh(self):
        """Read all nonces again."""
        self._senders = {key.address: Sender(self.chain, key, self.settings) for key in self.keys}

    def views(self):
        """Everyone's state by address."""
        return self._view().clients

    def seated(self):
        """Keys of proposers and voters of the open round, by position."""
        view = self._view()
        by_place = {view.clients[key.address].position: key for key in self.keys}
        places = view.proposer_seats + view.voter_seats
        return [by_place[place] for place in range(view.proposer_seats)], [
            by_place[place] for place in range(view.proposer_seats, places)
        ]

    def send(self, key, message):
        """Send one message of one member."""
        return self._senders[key.address].send(message)

    def propose(self, keys):
        """Commit to updates."""
        for key in keys:
            bound = (*self._bound(key), root_of(key), 1, SALT)
            self._call(key, "propose", commitments.update_commitment(*bound))

    def publish(self, keys):
        """Open them."""
        for key in keys:
            self._call(key, "publish", root_of(key), 1, SALT)

    def commit(self, keys, ballot):
        """Commit to a ballot."""
        for key in keys:
            self._call(key, "commitBallot", commitments.ballot_commitment(*self._bound(key), ballot, SALT))

    def reveal(self, keys, ballot):
        """Open it."""
        for key in keys:
            self._call(key, "revealBallot", ballot, SALT)

    def play(self, ballot=0b01):
        """The open round from the draw to its last reveal, everyone with the same ballot."""
        proposers, voters = self.seated()
        self.propose(proposers)
        self.publish(proposers)
        self.commit(voters, ballot)
        self.reveal(voters, ballot)

    def _view(self):
        return read_view(self.chain, self.deployment, [key.address for key in self.keys])

    def _bound(self, key):
        view = self._view()
        return self.chain.chain_id, self.deployment.manager.address, view.round, key.address

    def _call(self, key, function, *arguments):
        return self.send(key, Invocation(self.deployment.manager, function, arguments))

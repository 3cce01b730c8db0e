"""A deployment's lineage, verified by whoever wants to, without an account."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial

from offchain.errors import BytesGoneError, LineageError
from offchain.learning.finding import Here
from offchain.learning.genesis import first_model
from offchain.live.access.chain import Chain
from offchain.live.deploying.deployment import LiveDeployment
from offchain.live.errors import LogsError
from offchain.live.verifying.lineage import Fetch, GlobalModel, Lineage
from offchain.live.watching.decisions import CheckedRound, Step
from offchain.live.watching.history import history_of
from offchain.live.watching.log_cache import LogCache
from offchain.live.watching.rounds import RoundLog, rounds_of
from offchain.live.watching.view import View, read_view
from offchain.stores.opening import open_artefacts


class Verification:
    """Everything from the learning rules to the newest global model, computed again.

    Attributes:
        schema: The model's.
        fetch: Where artefacts come from.
        checked: Rounds of which everything was checked that logs tell, in order.
        head: The last of them.
        gone: What nobody has of the models that they made, by round.
        on_model: Called with each global model that updates made, once it was checked.
    """

    def __init__(
        self,
        chain: Chain,
        deployment: LiveDeployment,
        stores: Sequence[str],
        cache: LogCache | None = None,
        here: Here | None = None,
    ) -> None:
        """Check the rules of a deployment that stands on this chain.

        Args:
            chain: Where.
            deployment: Which.
            stores: URLs of its artefacts.
            cache: Logs of earlier calls; none to read all. A fault is one only when all were read.
            here: Where the founders' files are; none for beside the deployment's. They are looked for when
                the first model is asked for, and no file of it is handed out.

        Raises:
            LineageError: When the learning rules are not those that the contract binds.
            StoreError: When nothing opens a store's URL.
        """
        learning = deployment.configuration.learning
        rules = learning.rules
        if rules != deployment.parameters.rules:
            raise LineageError(
                f"the learning rules hash to {rules.hex()}, the contract binds "
                f"{deployment.parameters.rules.hex()}"
            )
        self._chain = chain
        self._deployment = deployment
        self.on_model: Callable[[GlobalModel], None] = lambda model: None
        self.schema = learning.schema_
        self.fetch: Fetch = open_artefacts(stores, self.schema).get
        genesis = partial(first_model, learning, here or Here(deployment.folder))
        self._fresh = partial(Lineage, genesis, deployment.parameters, self.schema, self.fetch)
        self._history = history_of(chain, deployment, cache)
        self._begin()

    def _begin(self) -> None:
        self._lineage = self._fresh()
        self.checked: list[CheckedRound] = []
        self.head: Step = self._lineage.head
        self.gone: dict[int, BytesGoneError] = {}
        self._model: GlobalModel | None = None

    @property
    def model(self) -> GlobalModel:
        """The newest global model that was verified.

        Raises:
            SettingsError: When that is the first one, and it cannot be had here.
        """
        if self._model is None:
            self._model = self._lineage.at(self.head)
        return self._model

    @property
    def described(self) -> Mapping[str, object]:
        """Where the model comes from, as JSON has it."""
        deployment = self._deployment
        return {
            "deployment": deployment.name,
            "chain": deployment.book.chain_id,
            "manager": deployment.manager.address,
            "rules": "0x" + deployment.parameters.rules.hex(),
            "learning": deployment.configuration.learning.model_dump(mode="json"),
        }

    def run(self, until: int | None = None) -> LineageError | None:
        """Replay all finalised rounds, or those up to `until`; the first fault, if there is one.

        A model whose bytes are gone is a fault where it is the last one: all others do without it.

        Raises:
            LogsError: When the logs do not fit each other.
        """
        try:
            fault = self._replay(until)
        except LogsError:
            if not self._history.recalled:
                raise
            fault = LineageError("the cached logs do not fit each other")
        if fault is None or not self._history.recalled:
            return fault
        self._history.forget()
        self._begin()
        return self._replay(until)

    def _replay(self, until: int | None) -> LineageError | None:
        # At the block up to which the logs go, and at once: nodes forget states soon.
        view = read_view(self._chain, self._deployment, at=self._history.advance().head)
        try:
            rounds = rounds_of(self._history.events)
            self._require_all(rounds, view)
            for log in rounds:
                if log.outcome is None or (until is not None and log.number > until):
                    break
                # One by one, so that what was checked before a fault is known, and every average is made.
                self.checked += self._lineage.advance(rounds, until=log.number)
                self.head = self._lineage.head
                self._make(self.head)
            if until is None:
                self._lineage.require_model(view.model)
        except LineageError as error:
            return error
        return self.gone.get(self.head.inclusion.round)

    def _make(self, step: Step) -> None:
        """Make the model of a round; where bytes are gone that is noted, and later ones do without it."""
        made_in = step.inclusion.round
        if not made_in or made_in in self.gone:
            return
        try:
            self._model = self._lineage.at(step)
        except BytesGoneError as error:
            self.gone[made_in] = error
        else:
            self.on_model(self._model)

    def _require_all(self, rounds: Sequence[RoundLog], view: View) -> None:
        if len(rounds) != view.round:
            raise LineageError(f"the logs have {len(rounds)} rounds, the contract is in round {view.round}")


def told(verification: Verification, fault: LineageError | None) -> dict[str, object]:
    """Return a verification as JSON has it."""
    rounds = [{**asdict(each), "model": "0x" + each.model.hex()} for each in verification.checked]
    return {
        **verification.described,
        "rounds": rounds,
        "model": "0x" + verification.head.id.hex(),
        "gone": {round_: str(error) for round_, error in verification.gone.items()},
        "fault": None if fault is None else str(fault),
    }

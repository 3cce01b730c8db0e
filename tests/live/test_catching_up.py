"""A client fetches what the global model is made of before its seat, and its cache and memory do not grow."""

import errno
import logging
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from full_disk import room_for
from long_history import ARTEFACT_BYTES, RULES, SCHEMA, LongHistory, client

from offchain.errors import StoreError, WorkerError
from offchain.live.client import artefacts
from offchain.live.client.artefacts import ClientArtefacts
from offchain.live.client.client import Client
from offchain.live.client.decision import Done
from offchain.live.client.known_models import Awaited
from offchain.live.client.resting import Rest
from offchain.live.client.round_work import LOOK_AGAIN_SECONDS, RoundWork
from offchain.live.client.start import _first_model
from offchain.live.verifying.lineage import RECENT_MODELS
from offchain.live.watching.own_votes import OwnVotes
from offchain.live.watching.rounds import rounds_of
from offchain.reference import Phase, Seat
from offchain.stores.artefacts import Artefacts
from offchain.stores.memory import MemoryStore

FIVE = (0, 1, 2, 3, 4)


class Counting(MemoryStore):
    """A consortium's store that counts the bytes it hands out."""

    def __init__(self):
        super().__init__()
        self.given = 0

    def get(self, root, size):
        data = super().get(root, size)
        self.given += len(data or b"")
        return data


class Member:
    """A client's work with a cache of its own, a history that is there already, and no account."""

    def __init__(self, long, folder, keep_rounds=8, memory=1):
        self.long, self.folder, self.store = long, folder, Counting()
        self.artefacts = ClientArtefacts(folder, Artefacts([self.store], SCHEMA), SCHEMA, keep_rounds)
        self.lineage = long.lineage()
        self.lineage._fetch = self.artefacts.get
        head = SimpleNamespace(number=0)  # Behind the views: nothing is to be read again.
        history = SimpleNamespace(events=long.events, advance=lambda: None, head=head)
        self.work = RoundWork(
            history, self.lineage, memory, None, self.artefacts, None, [1], OwnVotes(folder)
        )
        self.now = 0
        self.show()

    def show(self):
        for root, data in self.long.bytes_of.items():
            self.store.put(root, data)

    def view(self, **changes):
        rounds = rounds_of(self.long.events)
        values = dict(
            round=len(rounds),
            model=self.long.model,
            finalised=bool(rounds) and rounds[-1].outcome is not None,
            now=self.now,
            phase=Phase.PROPOSE,
            time_left=100,
            deadline=lambda phase: None,
            block=SimpleNamespace(number=1),
        )
        return SimpleNamespace(**(values | changes))

    def catch_up(self, looks=2):
        """Two looks, one when what was begun at the first has arrived; more where that leads to more."""
        for _ in range(looks):
            self.work.catch_up(self.view())
            self.artefacts._gathered.wait(30)
            self.now += LOOK_AGAIN_SECONDS

    def models(self, patience=0):
        return self.work._models(self.view(), patience)

    @property
    def cached(self):
        return {bytes.fromhex(path.stem) for path in self.folder.glob("*.update")}


def test_a_newcomer_fetches_the_last_inclusion_at_its_start_and_nothing_in_its_seat(tmp_path):
    long = LongHistory([*[FIVE] * 999, ()])
    long.open_round(1001)
    newcomer = Member(long, tmp_path / "cache")
    newcomer.catch_up()
    assert newcomer.store.given == 5 * ARTEFACT_BYTES and newcomer.cached == set(long.roots(999))
    (parent,) = newcomer.models()
    assert parent.round == 999 and np.array_equal(parent.parameters, long.average(999, FIVE))
    assert newcomer.store.given == 5 * ARTEFACT_BYTES and len(newcomer.lineage._models) == 1


def test_a_look_at_the_chain_waits_for_no_store(tmp_path):
    newcomer, opened = Member(LongHistory([FIVE]), tmp_path / "cache"), threading.Event()
    get = newcomer.store.get
    newcomer.store.get = lambda root, size: opened.wait(30) and get(root, size)
    newcomer.work.catch_up(newcomer.view())
    assert newcomer.cached == set()
    opened.set()
    newcomer.artefacts._gathered.wait(30)
    assert len(newcomer.cached) == 5


def test_what_no_store_has_yet_is_asked_for_again_later_and_not_at_every_look(tmp_path):
    newcomer = Member(LongHistory([FIVE]), tmp_path / "cache")
    newcomer.store.clear()
    asked = []
    get = newcomer.store.get
    newcomer.store.get = lambda root, size: asked.append(root) or get(root, size)
    for _ in range(3):
        newcomer.work.catch_up(newcomer.view())
        newcomer.artefacts._gathered.wait(30)
    assert len(asked) == 5
    assert newcomer.models(patience=1) is None
    newcomer.show()
    newcomer.now += LOOK_AGAIN_SECONDS
    newcomer.catch_up()
    assert len(newcomer.cached) == 5


def test_logs_that_lag_behind_keep_nobody_from_acting(tmp_path, caplog):
    newcomer = Member(LongHistory([FIVE]), tmp_path / "cache")
    with caplog.at_level(logging.INFO):
        newcomer.work.catch_up(newcomer.view(model=b"\2" * 32))
    assert "cannot be fetched yet: the logs lead to global model" in caplog.text
    newcomer.catch_up()
    assert len(newcomer.cached) == 5


def test_memory_and_cache_do_not_grow_with_the_rounds(tmp_path):
    long = LongHistory([])
    member = Member(long, tmp_path / "cache", keep_rounds=3)
    for number in range(1, 31):
        before = len(long.events)
        long.open_round(number)
        member.show()
        published = rounds_of(long.events)[-1].published
        member.artefacts.collect(published)
        member.artefacts._fetched.wait(30)
        assert None not in member.artefacts.collect(published).values()
        del long.events[before:]
        long.play(number, (0, 1) if number % 2 else ())
        member.catch_up()
        member.models()
        assert len(member.lineage._models) <= RECENT_MODELS
        assert len(member.artefacts._fetched._results) <= len(published)
        assert len(member.cached) <= 3 * 5 + 2 * 2
    recent = {root for number in (28, 29, 30) for root in long.roots(number)}
    assert member.cached == recent | set(long.roots(27)[:2])


def test_the_last_inclusions_are_kept_however_old(tmp_path):
    long = LongHistory([(0,), (1,), *[()] * 20])
    member = Member(long, tmp_path / "cache", keep_rounds=1)
    for number in range(1, 23):
        for root in long.roots(number):
            member.artefacts.get(root)
    member.catch_up()
    # The one before, too: a reorganisation may bring it back.
    assert member.cached == {long.roots(1)[0], long.roots(2)[1], *long.roots(22)}


def test_ones_own_update_is_kept_from_its_commitment_on(tmp_path):
    long = LongHistory([FIVE] * 5)
    member = Member(long, tmp_path / "cache", keep_rounds=1)
    for number in (1, 2):
        member.artefacts.keep(number, long.roots(number)[0], long.bytes_of[long.roots(number)[0]])
    before = len(long.events)
    long.open_round(6)
    hidden = long.roots(6)[3]
    del long.events[before:]
    long._tell("RoundOpened", round=6, members=10, model=long.model)
    member.artefacts.keep(6, hidden, long.bytes_of[hidden])
    (tmp_path / "cache" / "notes.txt").write_text("mine")
    member.catch_up()
    again = Member(long, tmp_path / "cache").artefacts  # As after a restart: from the disk.
    assert again.kept(6) == (hidden, long.bytes_of[hidden]) == member.artefacts.kept(6)
    assert member.artefacts.kept(1) is None and member.cached == {hidden, *long.roots(5)}
    names = {path.name for path in (tmp_path / "cache").iterdir() if path.suffix != ".update"}
    assert names == {"round-6.root", "notes.txt"}


@pytest.fixture
def full_disk():
    """Has the system refuse what makes a file as long as an artefact; gives the room back when called."""
    with room_for(ARTEFACT_BYTES // 2) as make_room:
        yield make_room


def test_a_full_disk_keeps_no_seat_from_the_global_model(tmp_path, full_disk, caplog):
    long = LongHistory([FIVE, FIVE])
    member = Member(long, tmp_path / "cache", memory=2)
    member.catch_up(looks=8)
    assert [model.round for model in member.models()] == [1, 2]
    assert np.array_equal(member.models()[1].parameters, long.average(2, FIVE))
    assert member.store.given == 10 * ARTEFACT_BYTES and not member.cached
    assert caplog.text.count("artefact not stored") == 10, "said at each look"
    full_disk()
    long.open_round(3)
    member.catch_up()
    assert {*long.roots(1), *long.roots(2)} <= member.cached and not member.artefacts._held


def test_memory_takes_no_more_than_a_bit_beside_the_newest_model(tmp_path, full_disk, monkeypatch):
    monkeypatch.setattr(artefacts, "_MOST_HELD", 2 * ARTEFACT_BYTES)
    long = LongHistory([FIVE] * 4)
    member = Member(long, tmp_path / "cache", memory=4)
    long.open_round(5)
    member.catch_up(looks=8)
    assert member.models(patience=-1)[-1].round == 4
    assert set(long.roots(4)) <= set(member.artefacts._held) and len(member.artefacts._held) <= 7
    given = member.store.given
    assert given <= 20 * ARTEFACT_BYTES, "what has no place was fetched at each look"
    full_disk()
    member.catch_up(looks=8)
    assert [model.round for model in member.models()] == [1, 2, 3, 4]


def test_memory_lets_go_of_what_was_the_newest_model(tmp_path, full_disk, monkeypatch):
    monkeypatch.setattr(artefacts, "_MOST_HELD", 2 * ARTEFACT_BYTES)
    long = LongHistory([FIVE])
    member = Member(long, tmp_path / "cache", memory=2)
    member.catch_up(looks=8)
    for number in range(2, 7):
        long.play(number, FIVE)
        member.show()
        member.catch_up(looks=8)
        assert member.models(patience=-1)[-1].round == number
        assert set(long.roots(number)) <= set(member.artefacts._held) and len(member.artefacts._held) <= 7
    full_disk()
    long.open_round(7)
    member.show()
    member.catch_up(looks=8)
    assert [model.round for model in member.models()] == [5, 6] and not member.artefacts._held


def test_what_others_show_is_put_back_from_memory_too(tmp_path, full_disk):
    long = LongHistory([FIVE])
    member = Member(long, tmp_path / "cache")
    member.catch_up()
    member.store.clear()
    member.artefacts.restore(rounds_of(long.events)[0].published)
    member.artefacts._restored.wait(30)
    assert all(member.store.get(root, ARTEFACT_BYTES) for root in long.roots(1))


def test_a_full_disk_costs_neither_ones_own_update_nor_what_others_show(tmp_path, caplog):
    long = LongHistory([FIVE])
    member = Member(long, tmp_path / "cache")
    own, others = long.roots(1)[:2]
    member.artefacts.check()
    with room_for(ARTEFACT_BYTES // 2):
        member.artefacts.keep(1, own, long.bytes_of[own])
        assert member.artefacts.kept(1) == (own, long.bytes_of[own])
        assert member.artefacts.get(own) == long.bytes_of[own]
        assert member.artefacts.get(others) == long.bytes_of[others]
    assert "is kept in memory alone" in caplog.text and "File too large" in caplog.text
    assert not member.cached


def test_a_disk_that_fails_for_a_while_does_not_end_a_client(caplog):
    answers = [OSError(errno.EROFS, "Read-only file system", "cache"), Done("it is over")]

    def step():
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    lookout, work = SimpleNamespace(pause=lambda: 0), SimpleNamespace(finish=lambda seconds: None)
    client = SimpleNamespace(step=step, _lookout=lookout, _work=work)
    assert Client.run(client) == Done("it is over")
    assert "cache cannot be read or written: Read-only file system" in caplog.text


def test_bytes_that_nobody_has_are_waited_for_once_and_done_without(tmp_path, caplog):
    long = LongHistory([FIVE, FIVE, (0, 1)])
    member = Member(long, tmp_path / "cache", memory=8)
    lost = long.roots(3)[1]
    del member.store._artefacts[lost]
    member.catch_up(looks=8)
    assert member.models(patience=member.now + 1) is None
    with caplog.at_level(logging.WARNING):
        assert [each.round for each in member.models(patience=member.now)] == [0, 1, 2]
    assert "bytes of the model of round 3 are not to be had: going on without it" in caplog.text
    caplog.clear()
    assert [each.round for each in member.models(patience=member.now + 1)] == [0, 1, 2]
    assert caplog.text == ""
    member.store.put(lost, long.bytes_of[lost])
    member.catch_up()
    assert [each.round for each in member.models()] == [0, 1, 2, 3]


def held_up(member):
    """Let a member's store answer only when told."""
    opened, get = threading.Event(), member.store.get
    member.store.get = lambda root, size: opened.wait(30) and get(root, size)
    return opened


def test_who_looks_late_for_the_first_time_waits_for_what_it_asks_for_just_then(tmp_path, caplog):
    late = Member(LongHistory([FIVE]), tmp_path / "cache", memory=8)
    late.now, opened = 100, held_up(late)
    with caplog.at_level(logging.WARNING):
        assert late.models(patience=50) is None
        opened.set()
        late.artefacts._gathered.wait(30)
        assert [each.round for each in late.models(patience=50)] == [0, 1]
    assert caplog.text == ""


def test_a_store_that_is_late_itself_is_not_waited_for_long(tmp_path, caplog):
    late = Member(LongHistory([FIVE]), tmp_path / "cache", memory=8)
    late.now, opened = 100, held_up(late)
    assert late.models(patience=50) is None
    late.now += LOOK_AGAIN_SECONDS - 1
    assert late.models(patience=50) is None
    late.now += 1
    with caplog.at_level(logging.WARNING):
        assert [each.round for each in late.models(patience=50)] == [0]
    assert "bytes of the model of round 1 are not to be had: going on without it" in caplog.text
    opened.set()


def test_half_of_what_is_left_of_a_phase_stays_for_the_seat(tmp_path):
    late = Member(LongHistory([FIVE]), tmp_path / "cache", memory=8)
    late.now, opened = 100, held_up(late)
    view = late.view(time_left=8)
    assert late.work._models(view, 50) is None
    assert late.work._models(late.view(now=103), 50) is None
    assert [each.round for each in late.work._models(late.view(now=104), 50)] == [0]
    opened.set()


class Failing:
    """A task whose code ends its process, whatever it is asked for."""

    def __getattr__(self, name):
        raise WorkerError("its process ended")


def test_a_task_that_fails_keeps_nobody_from_fetching_and_showing(tmp_path, caplog):
    long = LongHistory([FIVE])
    long.open_round(2)
    member = Member(long, tmp_path / "cache")
    member.work._learning = Failing()
    member.catch_up()
    assert len(member.cached) == 5 and "the global model is not scored: its process ended" in caplog.text
    own, root = client(0), long.roots(2)[0]
    del member.store._artefacts[root]
    member.work._committer = SimpleNamespace(
        salts=SimpleNamespace(training=lambda round_: 1, noise=lambda round_: b"")
    )
    seat = dict(published=0b11111, seat_of=lambda me: Seat.PUBLISHED, patience=lambda phase: 0)
    for rest in (member.work._rest, Rest()):  # While it rests nothing more is said.
        member.work._rest = rest
        member.work.show(member.view(phase=Phase.VOTE, **seat), SimpleNamespace(address=own))
    assert caplog.text.count("the update is not shown, and cannot be made again: its process ended") == 1


def test_who_has_rows_makes_the_first_model_once():
    learning = SimpleNamespace(genesis=object())
    assert _first_model(None, None, learning) is learning.genesis


def test_each_phase_may_be_looked_at_late(tmp_path):
    late = Member(LongHistory([FIVE]), tmp_path / "cache")
    awaited = {
        (phase, now): late.work._awaited(late.view(phase=phase, now=now), 50)
        for phase, now in [(Phase.PROPOSE, 49), (Phase.PROPOSE, 60), (Phase.PROPOSE, 80), (Phase.VOTE, 80)]
    }
    assert list(awaited.values()) == [Awaited.NEWEST, Awaited.COMING, Awaited.NOTHING, Awaited.COMING]


def test_a_late_voter_waits_for_updates_that_it_asks_for_just_then(tmp_path):
    long = LongHistory([FIVE])
    long.open_round(2)
    late = Member(long, tmp_path / "cache", memory=8)
    late.catch_up()
    late.work._committer = SimpleNamespace(ballot=lambda round_, ballot: ballot)
    late.work._judge = lambda view, log, blobs, models: [blob is not None for blob in blobs.values()]
    late.now, opened = 100, held_up(late)
    voting = dict(phase=Phase.VOTE, published=0b11111)
    assert late.work.ballot_commitment(late.view(**voting), 50) is None
    opened.set()
    late.artefacts._fetched.wait(30)
    assert late.work.ballot_commitment(late.view(**voting), 50) == [True] * 5


def test_a_client_considers_the_last_models_that_the_rules_count(tmp_path):
    long = LongHistory([FIVE, (), (0,), (1, 2), (3,)])
    for memory, expected in ((1, [5]), (2, [4, 5]), (4, [1, 3, 4, 5]), (5, [0, 1, 3, 4, 5])):
        member = Member(long, tmp_path / str(memory), memory=memory)
        member.catch_up(looks=10)
        models = member.models()
        assert [each.round for each in models] == expected
        assert np.array_equal(models[-1].parameters, long.updates[5, 3])


def test_with_all_of_them_gone_it_is_the_newest_older_one_and_at_worst_the_genesis(tmp_path):
    long = LongHistory([FIVE] * 6)
    newcomer = Member(long, tmp_path / "cache", memory=2)
    for number in (3, 4, 5, 6):
        for root in long.roots(number):
            newcomer.store._artefacts.pop(root, None)
    newcomer.catch_up(looks=20)
    assert [each.round for each in newcomer.models()] == [2]
    newcomer.store.clear()
    assert [each.round for each in newcomer.models()] == [2], "its base is not pruned"
    bare = Member(long, tmp_path / "bare", memory=2)
    bare.store.clear()
    bare.catch_up(looks=20)
    (genesis,) = bare.models()
    assert genesis.round == 0 and not genesis.parameters.any()


def test_a_restart_has_the_same_base_from_the_cache_alone(tmp_path):
    long = LongHistory([FIVE] * 3)
    member = Member(long, tmp_path / "cache", memory=2, keep_rounds=1)
    member.catch_up(looks=10)
    for number in range(4, 9):  # More inclusions than count, of each of which something is gone.
        long.play(number, (0, 1))
        member.store.clear()
        member.catch_up(looks=10)
        member.now += 100
        again = Member(long, tmp_path / "cache", memory=2, keep_rounds=1)
        again.store.clear()
        again.catch_up(looks=20)
        assert [each.round for each in again.models()][-1] == 3
        assert [each.round for each in member.models()][-1] == 3


def test_before_the_first_round_there_is_nothing_to_fetch(tmp_path):
    member = Member(LongHistory([]), tmp_path / "cache")
    assert member.view().model == RULES
    member.catch_up()
    assert member.store.given == 0 and not member.models()[0].parameters.any()


def test_a_store_that_takes_nothing_is_not_asked_at_every_look(tmp_path, caplog):
    long, now = LongHistory([FIVE]), [100.0]
    member, root = Member(long, tmp_path / "cache"), long.roots(1)[0]
    member.artefacts._shown._clock = lambda: now[0]
    tried = []

    def refuse(root, data):
        tried.append(now[0])
        raise StoreError("the store answers 503")

    put, member.artefacts._shared.put = member.artefacts._shared.put, refuse
    for _ in range(60):
        assert not member.artefacts.show(root, long.bytes_of[root])
        member.artefacts.finish(30)
        now[0] += 1
    assert tried == [100, 101, 103, 107, 115, 130, 145]
    member.artefacts._shared.put = put
    now[0] += 15
    member.artefacts.show(root, long.bytes_of[root])
    member.artefacts.finish(30)
    assert member.artefacts.show(root, long.bytes_of[root])

"""With a `memory` in the rules a client fetches so many inclusions and keeps one more, not all."""

from test_catching_up import ARTEFACT_BYTES, FIVE, LongHistory, Member

MEMORY, KEEP = 8, 3


def test_a_newcomer_fetches_as_many_inclusions_as_the_rules_count(tmp_path):
    long = LongHistory([*[FIVE] * 99, ()])
    long.open_round(101)
    newcomer = Member(long, tmp_path / "cache", memory=MEMORY)
    newcomer.catch_up(MEMORY + 2)
    assert newcomer.store.given == MEMORY * 5 * ARTEFACT_BYTES
    assert newcomer.cached == {root for number in range(92, 100) for root in long.roots(number)}
    assert [model.round for model in newcomer.models()] == [*range(92, 100)]
    assert newcomer.store.given == MEMORY * 5 * ARTEFACT_BYTES


def test_what_a_cache_keeps_does_not_grow_with_the_rounds(tmp_path):
    long = LongHistory([])
    member = Member(long, tmp_path / "cache", keep_rounds=KEEP, memory=MEMORY)
    for number in range(1, 31):
        long.play(number, FIVE)
        member.show()
        member.catch_up(MEMORY + 2 if number == 1 else 2)
        assert len(member.cached) <= (KEEP + MEMORY + 1) * 5
    # One more than count: a reorganisation may bring it back.
    assert member.cached == {root for number in range(22, 31) for root in long.roots(number)}

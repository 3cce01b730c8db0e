"""The packed words: each writer changes its own fields and no other, whatever else the word holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

word = st.one_of(st.integers(0, 2**256 - 1), st.just(0))
quick = settings(max_examples=60, deadline=None, derandomize=True)

HEAD = (
    *("round", "members", "drawn_at", "seed", "updates", "published", "open_proposers", "ballots"),
    *("open_voters", "shuffled", "finalised", "side", "proposers", "unpublished"),
)
CLIENT = ("seat", "strikes", "place", "round", "content", "is_member", "is_payable")
REMOVED = 2**24 - 1


@pytest.fixture(scope="module")
def packing(harness):
    return harness("PackingHarness")


def bits(**widths):
    return {name: st.integers(0, 2**width - 1) for name, width in widths.items()}


# Any head that rounds can reach: counters away from the end that a writer moves them to.
heads = st.fixed_dictionaries(
    {
        **bits(round=24, members=24, drawn_at=32, seed=96, published=16),
        "updates": st.integers(0, 15),
        "proposers": st.integers(0, 16),
        "open_proposers": st.integers(1, 16),
        "unpublished": st.integers(1, 15),
        "ballots": st.integers(0, 16_381),
        "open_voters": st.integers(1, 16_382),
        "shuffled": st.integers(0, 1),
        "finalised": st.integers(0, 1),
        "side": st.integers(0, 4096),
    }
)
AT = {
    **{
        "drawn_at": 0,
        "round": 32,
        "members": 56,
        "side": 80,
        "shuffled": 93,
        "finalised": 94,
        "published": 96,
    },
    **{"ballots": 112, "open_voters": 126, "proposers": 140, "open_proposers": 145, "updates": 150},
    **{"unpublished": 155, "seed": 160},
}


def pack_head(fields):
    return sum(value << AT[name] for name, value in fields.items())


def read_head(packing, head):
    return dict(zip(HEAD, packing("head", head), strict=True))


@quick
@given(fields=heads)
def test_every_field_of_a_head_is_where_the_documentation_says(packing, fields):
    assert read_head(packing, pack_head(fields)) == fields


@quick
@given(
    round_=st.integers(1, 2**24 - 1),
    members=st.integers(4, 2**24 - 2),
    proposers=st.integers(1, 16),
    voters=st.integers(1, 16_382),
)
def test_an_opened_round_holds_nothing_but_its_number_members_and_seats(
    packing, round_, members, proposers, voters
):
    fields = read_head(packing, packing("opened", round_, members, proposers, voters)[0])
    side = fields.pop("side")
    assert (side - 1) ** 2 < members <= side**2
    seats = {"proposers": proposers, "open_proposers": proposers, "open_voters": voters}
    held = {"round": round_, "members": members, **seats}
    assert {name: value for name, value in fields.items() if value} == held


@quick
@given(
    fields=heads, seed=st.integers(0, 2**96 - 1), time=st.integers(1, 2**32 - 1), position=st.integers(0, 15)
)
def test_every_writer_of_a_head_changes_its_field_alone(packing, fields, seed, time, position):
    def after(name, *args, **changes):
        start = {**fields, **{k: 0 for k in ("seed", "drawn_at") if name == "drawn"}}
        assert read_head(packing, packing(name, pack_head(start), *args)[0]) == {**start, **changes}

    after("drawn", seed, time, seed=seed, drawn_at=time)
    one_less = {name: fields[name] - 1 for name in ("open_proposers", "open_voters", "unpublished")}
    after(
        "withUpdate",
        updates=fields["updates"] + 1,
        unpublished=fields["unpublished"] + 1,
        open_proposers=one_less["open_proposers"],
    )
    after("withBallot", ballots=fields["ballots"] + 1, open_voters=one_less["open_voters"])
    after("withAbsent", 1, open_proposers=one_less["open_proposers"])
    after("withAbsent", 0, open_voters=one_less["open_voters"])
    after("withShuffle", shuffled=1)
    after("withOutcome", finalised=1)
    published = fields["published"] | 1 << position
    after("withPublished", position, published=published, unpublished=one_less["unpublished"])


clients = st.fixed_dictionaries(
    {**bits(strikes=8, place=24, round=24, content=192), "seat": st.integers(0, 5)}
)


def pack_client(seat, strikes, place, round, content):
    return seat | strikes << 8 | place << 16 | round << 40 | content << 64


def read_client(packing, client):
    return dict(zip(CLIENT, packing("client", client), strict=True))


def with_readings(fields):
    return {
        **fields,
        "is_member": int(fields["place"] not in (0, REMOVED)),
        "is_payable": int(1 <= fields["seat"] <= 4),
    }


@quick
@given(fields=clients, place=st.sampled_from([0, 1, REMOVED - 1, REMOVED]))
def test_every_field_of_a_client_is_where_the_documentation_says(packing, fields, place):
    for client in (fields, {**fields, "place": place}):
        assert read_client(packing, pack_client(**client)) == with_readings(client)


@quick
@given(
    fields=clients,
    seat=st.integers(0, 5),
    content=st.integers(0, 2**192 - 1),
    place=st.integers(0, REMOVED),
    round_=st.integers(0, 2**24 - 1),
    strikes=st.integers(0, 255),
)
def test_every_writer_of_a_client_changes_its_fields_alone(
    packing, fields, seat, content, place, round_, strikes
):
    def after(name, *args, **changes):
        written = packing(name, pack_client(**fields), *args)[0]
        assert read_client(packing, written) == with_readings({**fields, **changes})

    commitment = content << 64  # A bytes24 argument is left-aligned.
    after("seated", round_, seat, commitment, round=round_, seat=seat, content=content, strikes=0)
    after("openedSeat", seat, content, seat=seat, content=content)
    after("absent", round_, round=round_, seat=5, content=0)
    after("settled", seat=0)
    after("placed", place, place=place)
    after("struck", strikes, strikes=strikes)


@quick
@given(word=word, j=st.integers(0, 15), value=st.integers(0, 2**16 - 1))
def test_a_lane_is_set_and_no_other(packing, word, j, value):
    lanes = [word >> 16 * i & 0xFFFF for i in range(16)]
    lanes[j] = value
    assert packing("lanes", word, j, value) == lanes

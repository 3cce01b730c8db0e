"""Addresses as people write them: a checksum that is there has to hold (EIP-55)."""

import pytest

from offchain.chain.addresses import address, is_nobodys

# Of EIP-55's own test cases: ordinary ones, and those without letters of one kind.
RIGHT = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
)


@pytest.mark.parametrize("right", RIGHT)
def test_a_checksum_that_holds_is_taken_and_so_are_letters_of_one_kind(right):
    assert address(right) == right.lower() == address(right.lower()) == address("0x" + right[2:].upper())


@pytest.mark.parametrize("right", RIGHT[:4])
def test_any_digit_that_is_mistyped_is_noticed(right):
    missed = 0
    for place in range(2, 42):
        other = "1" if right[place] != "1" else "2"
        wrong = right[:place] + other + right[place + 1 :]
        try:
            address(wrong)
        except ValueError as error:
            assert wrong in str(error) and "mistyped" in str(error)
        else:
            missed += 1
    assert missed == 0, "one in 2^15 of all would be missed, none of these is"


@pytest.mark.parametrize("right", RIGHT[:4])
def test_two_digits_that_changed_places_and_a_letter_of_the_other_case_are_noticed(right):
    place = next(
        i for i in range(2, 41) if right[i].isdigit() and right[i + 1].isdigit() and right[i] != right[i + 1]
    )
    swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    letter = next(i for i in range(2, 42) if right[i].isalpha())
    turned = right[:letter] + right[letter].swapcase() + right[letter + 1 :]
    for wrong in (swapped, turned):
        with pytest.raises(ValueError, match="mistyped"):
            address(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "bank",
        "0x12",
        "0x" + "0" * 40,
        "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0x" + "1" * 39,
        "0x" + "1" * 41,
        "0x" + "g" * 40,
        "0x" + "1" * 40 + "\n",
        " 0x" + "1" * 40,
        "0x" + "1_" * 20,
        "0x" + "\uff11" * 40,  # digits to int(), and to nobody else
        "0x" + "\u0661" * 40,
        "0x-" + "1" * 39,
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="is no address; expected 0x and 40 hexadecimal digits"):
        address(text)


KEY = "1f" * 32
SECRETS = {
    "a key": "0x" + KEY,
    "in capitals": KEY.upper(),
    "a digit short": "0x" + KEY[:-1],
    "a digit long": KEY + "0",
    "with a space": KEY[:32] + " " + KEY[32:],
    "with what is not seen": "0x" + KEY[:8] + "\u200b" + KEY[8:],
    "with a line end": KEY + "\n",
    "a phrase": " ".join(["test"] * 11 + ["junk"]),
    "a long phrase": "  ".join(["Abandon"] * 24),
}


@pytest.mark.parametrize("how", SECRETS)
def test_a_key_that_is_pasted_is_not_repeated(how):
    with pytest.raises(
        ValueError, match="is not repeated here is no address.*do not use it again"
    ) as refused:
        address(SECRETS[how])
    for part in (KEY[:7], KEY[:7].upper(), "junk", "Abandon"):
        assert part not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("vitalik.eth", "names are not looked up here"),
        ("bank.bnb", "names are not looked up here"),
        ("m\u00fcnchen.eth", "names are not looked up here"),
        ("hospital-3", "`ape accounts list` shows its address"),
        ("sep:" + RIGHT[0], "leave out what stands before 0x"),
        ("eip155:1:" + RIGHT[0], "leave out what stands before 0x"),
        ("O" + RIGHT[0][1:], "it begins with the letter O, where the digit 0 belongs"),
        ("ethereum:" + RIGHT[0] + "@1", "leave out what"),
        (RIGHT[0][2:], "write 0x in front of it"),
        (RIGHT[0][:-1], "it has 39 of them"),
        (RIGHT[0] + "0", "it has 41 of them"),
        ("XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS", "this is an ICAP"),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "another chain's"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "another chain's"),
        ("cosmos1xxkueklal9vejv9unqu80w9vptyepfa95pd53u", "another chain's"),
        ("7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV", "another chain's"),
        (RIGHT[0] + "\xa0", "characters that cannot be seen"),
        ("\ufeff" + RIGHT[0], "characters that cannot be seen"),
        (RIGHT[0][:9] + "\u200b" + RIGHT[0][9:], "characters that cannot be seen"),
        ("\u202e" + RIGHT[0], "characters that cannot be seen"),
        ("0\u0445" + RIGHT[0][2:], "only look like others"),  # a Cyrillic letter
        ("0x" + "\uff11" * 40, "only look like others"),
    ],
)
def test_what_was_given_instead_is_said(given, words):
    with pytest.raises(ValueError, match=f"is no address; .*{words}") as refused:
        address(given)
    assert str(refused.value).isprintable()


def test_0X_is_0x_and_the_checksum_holds_behind_it_too():  # noqa: N802
    assert address("0X" + RIGHT[0][2:]) == RIGHT[0].lower()
    with pytest.raises(ValueError, match="mistyped"):
        address("0X" + RIGHT[0][2:].swapcase())


@pytest.mark.parametrize("digits", ["0" * 39 + "1", "0" * 38 + "0a", "0" * 36 + "dEaD", "e" * 40, "F" * 40])
def test_what_nobody_has_the_key_of_is_known(digits):
    assert is_nobodys("0x" + digits)


@pytest.mark.parametrize("right", RIGHT)
def test_what_somebody_may_have_the_key_of_is_not_nobodys(right):
    assert not is_nobodys(right)

"""Addresses as people write them: a checksum that is there has to hold (EIP-55)."""

import pytest

from offchain.chain.addresses import address

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

"""
XSalsa20-Poly1305, in C and in Python.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.encryption.interface import NotOpened
from kstore.encryption.secretbox import SecretBox, xsalsa20_stream

KEY = bytes(range(2, 34))
PLAIN = b"k8s\0\n\x0c\n\x02v1\x12\x06Secret" + b"x" * 500

# The example of "Cryptography in NaCl" (Bernstein, 2009), sections 8 and 10.
NACL_KEY = bytes.fromhex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
NACL_NONCE = bytes.fromhex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")
NACL_PLAIN = bytes.fromhex(
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f4"
    "1db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52"
    "f0a089bc76897040e082f937763848645e0705"
)
NACL_BOX = bytes.fromhex(
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b"
    "4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da"
    "99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5"
)


@pytest.mark.parametrize("pure", [False, True])
def test_nacls_own_example_opens(pure: bool) -> None:
    """The published box opens to the published message."""
    assert SecretBox(NACL_KEY, pure=pure).open(NACL_NONCE + NACL_BOX, b"") == NACL_PLAIN


@given(
    plain=st.binary(max_size=700), key=st.binary(min_size=32, max_size=32), nonce=st.binary(min_size=24, max_size=24)
)
def test_python_and_c_agree(plain: bytes, key: bytes, nonce: bytes) -> None:
    """What either encrypts the other opens, and the key streams are equal."""
    bindings = pytest.importorskip("nacl.bindings")
    c, python = SecretBox(key), SecretBox(key, pure=True)
    assert python.open(c.encrypt(plain, b""), b"") == plain
    assert c.open(python.encrypt(plain, b""), b"") == plain
    boxed = bindings.crypto_secretbox(bytes(len(plain)), nonce, key)
    assert xsalsa20_stream(key, nonce, 32 + len(plain))[32:] == boxed[16:]


@pytest.mark.parametrize("pure", [False, True])
def test_any_changed_byte_is_noticed(pure: bool) -> None:
    """A box with any byte changed is refused; past the nonce it is also known that the key fits."""
    box = SecretBox(KEY, pure=pure)
    encrypted = box.encrypt(PLAIN, b"")
    for index in range(0, len(encrypted), 7):
        with pytest.raises(NotOpened) as caught:
            box.open(encrypted[:index] + bytes([encrypted[index] ^ 1]) + encrypted[index + 1 :], b"")
        assert index < 24 or caught.value.key_fits


@pytest.mark.parametrize("pure", [False, True])
def test_another_key_is_told_from_a_change(pure: bool) -> None:
    """What another key makes of the box is noise: the key does not fit; one box in 10,000 looks like it by chance."""
    fits = 0
    for _ in range(10):
        with pytest.raises(NotOpened) as caught:
            SecretBox(KEY[::-1], pure=pure).open(SecretBox(KEY).encrypt(PLAIN, b""), b"")
        fits += caught.value.key_fits
    assert fits <= 1


def test_a_box_cut_short_is_called_changed() -> None:
    """Fewer bytes than nonce and tag are no box of any key."""
    with pytest.raises(NotOpened) as caught:
        SecretBox(KEY).open(bytes(39), b"")
    assert caught.value.key_fits


@pytest.mark.parametrize("pure", [False, True])
def test_a_nonce_is_used_once(pure: bool) -> None:
    """Two values under one nonce would tell what they have in common, and let anybody make others."""
    values = [SecretBox(KEY, pure=pure).encrypt(PLAIN, b"") for _ in range(20)]
    assert len({value[:24] for value in values}) == len({value[24:] for value in values}) == 20
    assert bytes(24) not in {value[:24] for value in values}

"""
AES-CBC, AES-GCM and GCM with derived keys.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.encryption.aes import AesCbc, AesGcm, DerivedAesGcm
from kstore.encryption.interface import Algorithm, NotOpened

KEY = bytes(range(32))
PATH = b"/registry/secrets/default/database"
PLAIN = b'{"apiVersion":"v1","kind":"Secret","metadata":{"name":"database","namespace":"default"}}' * 3
ALGORITHMS = [AesCbc, AesGcm, DerivedAesGcm]
AUTHENTIC = [AesGcm, DerivedAesGcm]
FEW = 3
"""Of a hundred values under random nonces: more look like objects by chance once in a hundred million runs."""


def refusal(algorithm: Algorithm, data: bytes, path: bytes = PATH) -> NotOpened:
    """The refusal of an algorithm to open these bytes."""
    with pytest.raises(NotOpened) as caught:
        algorithm.open(data, path)
    return caught.value


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(plain=st.binary(max_size=300), path=st.binary(max_size=50), key=st.binary(min_size=32, max_size=32))
def test_what_is_encrypted_opens(algorithm: type[Algorithm], plain: bytes, path: bytes, key: bytes) -> None:
    """Any bytes come back under the same key and path."""
    assert algorithm(key).open(algorithm(key).encrypt(plain, path), path) == plain  # type: ignore[call-arg]


@pytest.mark.parametrize("algorithm", [AesCbc, AesGcm])
@pytest.mark.parametrize("size", [16, 24, 32])
def test_every_size_of_key_serves(algorithm: type[Algorithm], size: int) -> None:
    """AES-128, 192 and 256 are all allowed by the apiserver."""
    cipher = algorithm(KEY[:size])  # type: ignore[call-arg]
    assert cipher.open(cipher.encrypt(PLAIN, PATH), PATH) == PLAIN


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_encryption_is_fresh(algorithm: type[Algorithm]) -> None:
    """Encrypting twice never gives the same bytes: the nonce is random."""
    cipher = algorithm(KEY)  # type: ignore[call-arg]
    assert cipher.encrypt(PLAIN, PATH) != cipher.encrypt(PLAIN, PATH)


@pytest.mark.parametrize("algorithm", AUTHENTIC)
def test_any_changed_byte_is_noticed(algorithm: type[Algorithm]) -> None:
    """GCM refuses a value with any byte changed; past the nonce it also knows that the key fits."""
    cipher = algorithm(KEY)  # type: ignore[call-arg]
    encrypted = cipher.encrypt(PLAIN, PATH)
    nonce = len(encrypted) - len(PLAIN) - 16
    for index in range(len(encrypted)):
        changed = encrypted[:index] + bytes([encrypted[index] ^ 0x41]) + encrypted[index + 1 :]
        cause = refusal(cipher, changed)
        assert index < nonce or cause.key_fits


@pytest.mark.parametrize("algorithm", AUTHENTIC)
def test_another_path_is_noticed(algorithm: type[Algorithm]) -> None:
    """The key path is authenticated, and the key known to fit."""
    cipher = algorithm(KEY)  # type: ignore[call-arg]
    assert refusal(cipher, cipher.encrypt(PLAIN, PATH), PATH + b"2").key_fits


@pytest.mark.parametrize("algorithm", AUTHENTIC)
def test_another_key_is_told_from_a_change(algorithm: type[Algorithm]) -> None:
    """What another key makes of the value is noise, which looks like an object twice in 10,000 times."""
    mine, other = algorithm(KEY), algorithm(KEY[::-1])  # type: ignore[call-arg]
    assert sum(refusal(other, mine.encrypt(PLAIN, PATH)).key_fits for _ in range(100)) <= FEW


def test_cbc_tells_another_key_by_the_padding() -> None:
    """A hundred values under another key: nearly all are refused, and hardly one of those is called changed."""
    causes = []
    for _ in range(100):
        try:
            AesCbc(KEY[::-1]).open(AesCbc(KEY).encrypt(PLAIN, PATH), PATH)
        except NotOpened as cause:
            causes.append(cause)
    assert len(causes) > 90
    assert sum(cause.key_fits for cause in causes) <= FEW


def test_cbc_with_a_damaged_end_is_called_changed() -> None:
    """Padding that does not hold behind a good beginning means that the key fits."""
    encrypted = AesCbc(KEY).encrypt(PLAIN, PATH)
    causes = []
    for flip in range(1, 200):
        try:
            AesCbc(KEY).open(encrypted[:-1] + bytes([encrypted[-1] ^ flip]), PATH)
        except NotOpened as cause:
            causes.append(cause)
    assert len(causes) > 180
    assert all(cause.key_fits for cause in causes)


@pytest.mark.parametrize(
    ("algorithm", "sizes"), [(AesCbc, (0, 15, 16, 17, 31, 47)), (AesGcm, (0, 11, 27)), (DerivedAesGcm, (0, 31, 59))]
)
def test_a_value_cut_short_is_called_changed(algorithm: type[Algorithm], sizes: tuple[int, ...]) -> None:
    """Too few bytes for the layout is no matter of the key."""
    for size in sizes:
        assert refusal(algorithm(KEY), bytes(size)).key_fits  # type: ignore[call-arg]


def test_a_short_seed_is_refused() -> None:
    """A seed must have 32 bytes at least (`MinSeedSizeExtendedNonceGCM`)."""
    with pytest.raises(ValueError, match="31 bytes"):
        DerivedAesGcm(KEY[1:])


def test_a_derived_key_is_of_one_value() -> None:
    """What a key is derived from is drawn anew for each value, as is every nonce (`aes_extended_nonce.go`)."""
    algorithm = DerivedAesGcm(bytes(32))
    heads = {algorithm.encrypt(b"plain", b"/path")[:32] for _ in range(20)}
    assert len(heads) == 20
    for other in (AesGcm(bytes(32)), AesCbc(bytes(32))):
        assert len({other.encrypt(b"plain", b"/path")[:12] for _ in range(20)}) == 20

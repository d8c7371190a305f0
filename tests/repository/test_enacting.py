"""Six administrators, four must sign: what is published is what they signed, and no kill makes it unreadable.

Everything published is read by python-tuf's own client, which shares no line with the maker.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import ExpiredMetadataError, RepositoryError

from gateway.errors import CannotRun, Refused
from gateway.repository import drafting, enacting, published, signatures
from gateway.repository.charter import Charter
from gateway.repository.enacting import prepared, publish, write
from gateway.repository.layout import Lives
from gateway.repository.rolekeys import of_signer
from tests.repository.cities import DAY_S, FOUR, NOW, SIX, Cities, documents, roster


def refused(reason: str, work: object) -> Refused:
    assert callable(work)
    with pytest.raises(Refused) as caught:
        work()
    assert caught.value.reason == reason
    return caught.value


# Thresholds


def test_three_signatures_are_refused_by_name_and_the_fourth_publishes(cities: Cities) -> None:
    proposal = cities.first()
    told = refused("trust.threshold", lambda: cities.publish(proposal, *FOUR[:3]))
    assert "1 more must sign" in told.message
    assert all(place in told.message.partition("not yet")[2] for place in ("xianghe", "xiongan", "binhai"))
    assert not cities.files()
    cities.publish(proposal, *FOUR)
    assert cities.client().read() == documents()


def test_the_same_signer_twice_counts_once(cities: Cities) -> None:
    proposal = cities.first()
    given = cities.signed(proposal, "tongzhou", "tongzhou", "sanhe", "dachang", "dachang")
    told = refused("trust.threshold", lambda: publish(cities.repository, proposal, given, [cities.online], now=NOW))
    assert "1 more" in told.message


def test_a_strangers_signature_is_refused_by_its_id(begun: Cities) -> None:
    proposal, stranger = begun.propose(roster()), CryptoSigner.generate_ed25519()
    given = [*begun.signed(proposal, *FOUR), signatures.sign(proposal, stranger)]
    told = refused("trust.signer_unknown", lambda: publish(begun.repository, proposal, given, [begun.online], now=NOW))
    assert stranger.public_key.keyid[:8] in told.message


def test_a_signature_for_other_bytes_is_refused(begun: Cities) -> None:
    proposal, other = begun.propose(roster()), begun.propose(roster(jurisdictions__1__name="别处"))
    given = [*begun.signed(proposal, *FOUR), *begun.signed(other, "binhai")]
    refused("trust.signature_other", lambda: publish(begun.repository, proposal, given, [begun.online], now=NOW))


def test_a_signature_that_claims_this_proposal_and_was_made_over_another_is_refused(begun: Cities) -> None:
    proposal, other = begun.propose(roster()), begun.propose(roster(jurisdictions__1__name="别处"))
    (forged,) = begun.signed(other, "binhai")
    lying = signatures.Signatures(proposal.digest, forged.keyid, forged.by_role)
    told = refused(
        "trust.signature",
        lambda: publish(begun.repository, proposal, [*begun.signed(proposal, *FOUR), lying], [begun.online], now=NOW),
    )
    assert "binhai" in told.message


def test_an_online_key_alone_or_a_root_key_as_online_key_publishes_nothing(begun: Cities) -> None:
    before = begun.files()
    proposal = begun.propose(roster())
    refused("trust.signer_unknown", lambda: publish(
        begun.repository, proposal, [signatures.sign(proposal, begun.online)], [begun.online], now=NOW
    ))  # fmt: skip
    refused("trust.online_key", lambda: begun.publish(proposal, *FOUR, online=[begun.signers["tongzhou"]]))
    assert begun.files() == before


# What follows what


def test_a_change_reaches_a_client_that_has_pinned_the_first_root(begun: Cities) -> None:
    client = begun.client()
    assert client.read() == documents()
    begun.publish(begun.propose(roster()), *FOUR)
    assert client.read()["roster.json"] == roster()["roster.json"]


def test_a_proposal_made_before_another_was_published_is_refused_with_the_cure(begun: Cities) -> None:
    late, first = begun.propose(roster(4)), begun.propose(roster(5))
    begun.publish(first, *FOUR)
    before = begun.files()
    told = refused("trust.stale_proposal", lambda: begun.publish(late, *SIX))
    assert "trust propose" in told.message
    assert "trust propose" in told.zh
    assert begun.files() == before


def test_publishing_the_same_proposal_again_changes_nothing(begun: Cities) -> None:
    proposal = begun.propose(roster())
    done = begun.publish(proposal, *FOUR)
    before = begun.files()
    assert begun.publish(proposal, *FOUR) == done
    assert begun.files() == before


# Root rotation


def next_charter(cities: Cities, *new: str) -> tuple[Charter, dict[str, CryptoSigner]]:
    """The charter with new keys for these places."""
    fresh = {place: CryptoSigner.generate_ed25519() for place in new}
    keys = [of_signer(place, fresh.get(place, cities.signers[place])) for place in sorted(SIX)]
    return cities.charter(keys=tuple(keys)), fresh


def test_a_rotation_of_the_root_needs_the_old_threshold_and_the_new(begun: Cities) -> None:
    charter, fresh = next_charter(begun, "tongzhou", "sanhe", "dachang")
    proposal = begun.propose(charter=charter)
    new = [signatures.sign(proposal, signer) for signer in fresh.values()]
    stay, old = begun.signed(proposal, "xianghe", "xiongan", "binhai"), begun.signed(proposal, "tongzhou")

    def published_with(*given: signatures.Signatures) -> enacting.Done:
        return publish(begun.repository, proposal, given, [begun.online], now=NOW)

    refused("trust.threshold", lambda: published_with(*stay, *new))  # six of the new charter, three of the old
    refused("trust.threshold", lambda: published_with(*stay, *old))  # four of the old, three of the new
    client = begun.client()
    client.read()
    assert published_with(*stay, *old, new[0]).root == 2
    assert client.read() == documents() == begun.client().read()
    assert begun.state().charter == charter


def test_a_key_that_was_rotated_out_signs_no_more(begun: Cities) -> None:
    charter, fresh = next_charter(begun, "binhai")
    begun.publish(begun.propose(charter=charter), *FOUR)
    refused("trust.signer_unknown", lambda: begun.publish(begun.propose(roster()), *SIX))
    begun.signers |= fresh
    begun.publish(begun.propose(roster()), "binhai", *FOUR[:3])
    assert begun.client().read()["roster.json"] == roster()["roster.json"]


def test_a_lower_threshold_needs_the_higher_one_first(begun: Cities) -> None:
    proposal = begun.propose(charter=begun.charter(threshold=2))
    refused("trust.threshold", lambda: begun.publish(proposal, *FOUR[:3]))
    begun.publish(proposal, *FOUR)
    begun.publish(begun.propose(roster()), "sanhe", "binhai")
    assert begun.client().read()["roster.json"] == roster()["roster.json"]


# Kills


@pytest.mark.parametrize("rotate", [(), ("tongzhou", "sanhe", "dachang")], ids=["documents", "root too"])
def test_a_kill_between_any_two_files_leaves_a_repository_that_clients_read(
    begun: Cities, rotate: tuple[str, ...]
) -> None:
    charter, fresh = next_charter(begun, *rotate)
    proposal = begun.propose(roster(), charter=charter if rotate else None)
    given = [*begun.signed(proposal, *SIX), *(signatures.sign(proposal, signer) for signer in fresh.values())]
    steps, _ = prepared(begun.state(), proposal, given, [begun.online], now=NOW)
    client = begun.client()
    for number in range(len(steps) + 1):
        write(begun.repository, steps[max(number - 1, 0) : number])
        for reader in (client, begun.client()):
            read = reader.read()
            assert read["roster.json"] in (documents()["roster.json"], roster()["roster.json"])
    assert read["roster.json"] == roster()["roster.json"]


@pytest.mark.parametrize("rotate", [(), ("tongzhou",)], ids=["documents", "root too"])
def test_publishing_goes_on_where_a_kill_ended_it(begun: Cities, rotate: tuple[str, ...]) -> None:
    charter, fresh = next_charter(begun, *rotate)
    proposal = begun.propose(roster(), charter=charter if rotate else None)
    given = [*begun.signed(proposal, *SIX), *(signatures.sign(proposal, signer) for signer in fresh.values())]
    steps, wanted = prepared(begun.state(), proposal, given, [begun.online], now=NOW)
    for number in range(len(steps) + 1):
        other = Cities(begun.folder / str(number), signers=begun.signers, online=begun.online)
        shutil.copytree(begun.repository, other.repository)
        write(other.repository, steps[:number])
        assert publish(other.repository, proposal, given, [begun.online], now=NOW) == wanted
        assert other.client().read()["roster.json"] == roster()["roster.json"]
        state = other.state()
        assert (state.root.version, state.targets.version) == (1 + bool(rotate), 2)


def test_a_kill_in_the_first_publication_is_begun_anew(cities: Cities) -> None:
    proposal = cities.first()
    given = cities.signed(proposal, *FOUR)
    steps, _ = prepared(None, proposal, given, [cities.online], now=NOW)
    for number in range(len(steps)):
        other = Cities(cities.folder / str(number))
        write(other.repository, steps[:number])
        assert published.read(other.repository) is None
        publish(other.repository, proposal, given, [cities.online], now=NOW)
        assert other.client().read() == documents()


def test_a_file_that_cannot_be_written_is_said_and_leaves_the_old_state(begun: Cities) -> None:
    before = begun.client().read()
    (begun.repository / "metadata" / ".2.targets.json.new").mkdir()
    with pytest.raises(CannotRun, match=r"trust\.io"):
        begun.publish(begun.propose(roster()), *FOUR)
    assert begun.client().read() == before


def test_two_publishers_at_once_are_told_apart(begun: Cities) -> None:
    with enacting._locked(begun.repository), pytest.raises(CannotRun, match=r"trust\.busy"):
        begun.publish(begun.propose(roster()), *FOUR)


# Online keys and stamps


def test_a_frozen_timestamp_is_refused_by_clients_until_it_is_stamped(begun: Cities) -> None:
    client, later = begun.client(), NOW + DAY_S + 1
    client.read()
    with pytest.raises(ExpiredMetadataError):
        client.read(later)
    done = begun.stamp(later)
    assert (done.timestamp, done.snapshot) == (2, 1)
    assert client.read(later) == documents()


def test_a_stamp_renews_the_snapshot_when_half_its_life_is_over(begun: Cities) -> None:
    assert [begun.stamp(NOW + days * DAY_S).snapshot for days in (1, 3, 4, 5)] == [1, 1, 2, 2]
    assert begun.client().read(NOW + 5 * DAY_S + 60) == documents()


def test_it_is_due_when_half_a_day_is_over(begun: Cities) -> None:
    assert not enacting.is_due(begun.state(), NOW + DAY_S // 2)
    assert enacting.is_due(begun.state(), NOW + DAY_S // 2 + 1)


def test_only_an_online_key_of_the_charter_stamps(begun: Cities) -> None:
    for signer in (begun.signers["sanhe"], CryptoSigner.generate_ed25519()):
        refused("trust.online_key", lambda signer=signer: enacting.stamp(begun.repository, [signer], now=NOW))


def test_there_is_nothing_to_stamp_before_the_first_publication(cities: Cities) -> None:
    with pytest.raises(CannotRun, match=r"trust\.none_yet"):
        cities.stamp(NOW)


def test_a_new_online_key_takes_over_without_a_gap_when_both_sign(begun: Cities) -> None:
    new = CryptoSigner.generate_ed25519()
    proposal = begun.propose(charter=begun.charter(online=(of_signer("sanhe", new),)))
    given = begun.signed(proposal, *FOUR)
    steps, done = prepared(begun.state(), proposal, given, [begun.online, new], now=NOW)
    assert done.seamless
    client = begun.client()
    for number in range(len(steps) + 1):
        write(begun.repository, steps[max(number - 1, 0) : number])
        assert client.read() == begun.client().read() == documents()
    refused("trust.online_key", lambda: begun.stamp(NOW))
    enacting.stamp(begun.repository, [new], now=NOW)
    assert client.read() == documents()


def test_a_lost_online_key_is_replaced_and_clients_recover(begun: Cities) -> None:
    new = CryptoSigner.generate_ed25519()
    client = begun.client()
    client.read()
    proposal = begun.propose(charter=begun.charter(online=(of_signer("sanhe", new),)))
    given = begun.signed(proposal, *FOUR)
    steps, done = prepared(begun.state(), proposal, given, [new], now=NOW)
    assert not done.seamless
    write(begun.repository, steps[:-1])
    with pytest.raises(RepositoryError):
        client.read()
    assert publish(begun.repository, proposal, given, [new], now=NOW).root == 2
    assert client.read() == documents()


def test_several_online_keys_may_stamp_in_turn(cities: Cities) -> None:
    second = CryptoSigner.generate_ed25519()
    charter = cities.charter(online=(of_signer("tongzhou", cities.online), of_signer("sanhe", second)))
    cities.publish(drafting.first(documents(), charter, NOW), *FOUR)
    for number, signer in enumerate((second, cities.online, second), 2):
        assert enacting.stamp(cities.repository, [signer], now=NOW).timestamp == number
        assert cities.client().read() == documents()


def test_lives_of_the_charter_are_those_of_the_metadata(begun: Cities) -> None:
    lives = Lives(root=30, targets=20, snapshot=2, timestamp=1)
    begun.publish(begun.propose(charter=begun.charter(lives=lives)), *FOUR)
    state = begun.state()
    ends = [signed.expires.timestamp() - NOW for signed in (state.root, state.targets, state.snapshot, state.timestamp)]
    assert ends == [30 * DAY_S, 20 * DAY_S, 2 * DAY_S, DAY_S]


def test_renewal_gives_new_expiries_and_nothing_else(begun: Cities) -> None:
    later = NOW + 360 * DAY_S
    begun.publish(begun.propose(renew=True, now=later), *FOUR, now=later)
    assert begun.client().read(later + 3600) == documents()
    assert begun.state().root.version == 2


def test_what_lies_in_the_folder_is_not_believed(begun: Cities) -> None:
    path = next(Path(begun.repository / "targets").glob("*.roster.json"))
    path.write_bytes(path.read_bytes() + b" ")
    assert refused("trust.repository", lambda: published.read(begun.repository)).message.startswith("targets/")

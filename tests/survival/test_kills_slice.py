"""A slice of `make kills`: runs that are killed leave the store that an undisturbed one leaves."""

import kills


def test_a_store_survives_kills(tmp_path):
    campaign = kills.run(tmp_path, captures=40, kills=4, seed=5)
    assert campaign.kills == 4
    assert len(campaign.stored_at_kill) == 4

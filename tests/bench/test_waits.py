"""The expected wait on simulated days (F35): better than the naive estimate, and seldom too short."""

from statistics import fmean

from engine.bench.waits import simulate_days


def test_f35_told_waits_are_closer_than_the_naive_ones_and_mostly_kept() -> None:
    for people, days in ((3, 20), (10, 10)):
        told = simulate_days(people, days, seed=20)
        assert len(told) > 300
        error = fmean(abs(one.likely - one.truth) for one in told)
        naive = fmean(abs(one.naive - one.truth) for one in told)
        assert error < 0.93 * naive, (people, error, naive)
        assert abs(fmean(one.likely - one.truth for one in told)) < 0.25 * fmean(one.truth for one in told)
        assert fmean(one.truth <= one.promised for one in told) > 0.8
        assert fmean(one.raised for one in told) < 0.5


def test_the_same_seed_gives_the_same_day() -> None:
    assert simulate_days(4, 2, seed=3) == simulate_days(4, 2, seed=3)

import subprocess
import sys

from tests.instance import CHECKOUT
from tests.ports import free_ports, free_rtp_range, give_back, hold


def _elsewhere(ports: list[int]) -> int:
    """How many of these another process is given."""
    program = f"from tests.ports import hold; print(sum(hold(port) for port in {ports}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_no_port_is_given_twice_not_to_another_process_either() -> None:
    mine = free_ports(50)
    try:
        assert len(set(mine)) == 50
        assert max(mine) < 10_000
        assert not any(map(hold, mine))
        assert _elsewhere(mine) == 0
    finally:
        give_back(mine)
    assert _elsewhere(mine) > 25  # other tests may have been given some meanwhile


def test_a_range_is_in_a_row_and_another_ones_only_when_given_back() -> None:
    first = free_rtp_range(100)
    ports = list(range(first, first + 100))
    assert first % 2 == 0
    assert _elsewhere(ports) == 0
    give_back(ports)
    assert _elsewhere(ports) > 0

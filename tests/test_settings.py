import socket

import pytest

from tests.asking import saved


def test_a_port_that_is_taken_ends_the_program_with_what_to_do(run, network, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("server.py", "--model", saved(network, tmp_path), env={"DIGITS_PORT": str(port)})
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_ends_the_program_with_status_2(run, port):
    done = run("server.py", env={"DIGITS_PORT": port})
    assert done.returncode == 2
    assert port in done.stderr

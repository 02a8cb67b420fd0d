"""The handshake's cookie, address and line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gfruntime.serving import handshake
from gfruntime.serving.handshake import ListenAddress


@pytest.mark.shows("protocol 6")
@pytest.mark.parametrize("environ", [{}, {"grafana_plugin_type": "panel"}, {"Grafana_Plugin_Type": "datasource"}])
def test_other_cookies_are_refused_with_an_explanation(environ: dict[str, str]) -> None:
    """Without the exact cookie an explanation is printed; with it, nothing."""
    assert "started by Grafana" in handshake.refusal(environ)
    assert handshake.refusal({"grafana_plugin_type": "datasource"}) == ""


@pytest.mark.shows("protocol 12")
def test_line_has_six_fields() -> None:
    """The line names core version 1, plugin version 2 and the address, and ends with a bar."""
    assert handshake.handshake_line(ListenAddress(network="unix", value="/tmp/x")) == b"1|2|unix|/tmp/x|grpc|\n"  # noqa: S108  # never made
    assert (
        handshake.handshake_line(ListenAddress(network="tcp", value="127.0.0.1:5"), "MII")
        == b"1|2|tcp|127.0.0.1:5|grpc|MII\n"
    )


def test_the_socket_is_in_a_private_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The socket's folder is new, in the temp folder, private, and removed together with the address."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    address = handshake.choose_address({})

    (folder,) = map(Path, address.folders)
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    address.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["d" * 120, "a|b", "50%", "line\nbreak"])
def test_unusable_temp_folders_are_skipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """A path that is too long, or has special characters of the line or of gRPC, is not used and stays clean."""
    unfit = tmp_path / name
    unfit.mkdir()
    monkeypatch.setenv("TMPDIR", str(unfit))
    address = handshake.choose_address({})
    address.remove()

    assert not address.value.startswith(str(tmp_path))
    assert list(unfit.iterdir()) == []


@pytest.mark.shows("protocol 15")
def test_the_configured_socket_folder_is_used(tmp_path: Path) -> None:
    """PLUGIN_UNIX_SOCKET_DIR holds the socket itself, which is removed at the end."""
    address = handshake.choose_address({"PLUGIN_UNIX_SOCKET_DIR": str(tmp_path)})
    Path(address.value).touch()
    assert list(tmp_path.iterdir()) == [Path(address.value)]
    address.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.shows("protocol 17", "protocol 18")
@pytest.mark.parametrize("name", ["missing", "d" * 100])
def test_a_configured_folder_that_can_hold_no_socket_is_ignored(tmp_path: Path, name: str) -> None:
    """If the folder is missing, or its path is too long for a socket, a loopback address is used."""
    if name != "missing":
        (tmp_path / name).mkdir()
    address = handshake.choose_address({"PLUGIN_UNIX_SOCKET_DIR": str(tmp_path / name)})

    assert (address.network, address.value) == ("tcp", "127.0.0.1:0")


@pytest.mark.shows("protocol 18")
def test_without_unix_sockets_the_hosts_ports_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows the address is a loopback port, in the host's range if it sets one."""
    monkeypatch.setattr(handshake, "_HAS_UNIX_SOCKETS", False)
    address = handshake.choose_address({"PLUGIN_MIN_PORT": "20000", "PLUGIN_MAX_PORT": "20100"})
    without = handshake.choose_address({"PLUGIN_MIN_PORT": "x"})

    assert (address.network, address.value, address.ports) == ("tcp", "127.0.0.1:0", range(20_000, 20_101))
    assert (without.network, without.value, without.ports) == ("tcp", "127.0.0.1:0", ())


def test_the_first_free_port_is_bound_once() -> None:
    """A used port costs one attempt; the line names the bound port, and no further port is tried."""
    attempts = []

    def bind(target: str) -> int:
        attempts.append(target)
        if target != "127.0.0.1:7002":
            raise RuntimeError("Failed to bind")
        return 7002

    address = ListenAddress(network="tcp", value="127.0.0.1:0", ports=range(7000, 7005)).listen(bind)

    assert address.value == "127.0.0.1:7002"
    assert attempts == ["127.0.0.1:7000", "127.0.0.1:7001", "127.0.0.1:7002"]


def test_a_range_without_a_free_port_is_an_error() -> None:
    """The error names the range and its origin; without a range, grpcio's error stays."""

    def bind(_target: str) -> int:
        raise RuntimeError("Failed to bind")

    with pytest.raises(handshake.ListenError, match=r"no port from 7000 to 7001 is free \(PLUGIN_MIN_PORT, PLUGIN_MAX"):
        ListenAddress(network="tcp", value="127.0.0.1:0", ports=range(7000, 7002)).listen(bind)
    with pytest.raises(RuntimeError, match="Failed to bind"):
        ListenAddress(network="tcp", value="127.0.0.1:80").listen(bind)


def test_the_group_that_the_host_names_may_use_the_socket(tmp_path: Path) -> None:
    """The group of PLUGIN_UNIX_SOCKET_GROUP may use the socket, too, and nobody else."""
    socket = tmp_path / "socket"
    socket.touch(mode=0o666)
    address = ListenAddress(network="unix", value=str(socket))
    handshake.restrict_socket(address, {})
    assert socket.stat().st_mode & 0o777 == 0o600

    handshake.restrict_socket(address, {"PLUGIN_UNIX_SOCKET_GROUP": str(os.getgid())})
    assert socket.stat().st_mode & 0o777 == 0o660

"""`tlsaudit capture`: it prints a recipe, or says why it cannot."""

from __future__ import annotations

from support.command import run

from tlsaudit.capturing import recipe


def test_the_recipe_is_printed() -> None:
    done = run("capture", "--tool", "tcpdump", "--interface", "eth0", "--port", "636", "--vlan")
    assert (done.code, done.messages) == (0, [])
    assert done.text == str(recipe("tcpdump", interface="eth0", ports=[636], vlan=True))
    assert run("capture").text == str(recipe())


def test_what_cannot_be_is_said_in_one_line() -> None:
    done = run("capture", "--tool", "netsh", "--port", "443")
    assert (done.code, done.output) == (2, b"")
    assert done.messages == [
        "tlsaudit: netsh trace cannot choose by port or content, it keeps `all`: leave `port`, "
        "`keep` and `vlan` out, or take pktmon, which chooses by port"
    ]
    for hours in ("-1", "0", "nan", "inf"):
        done = run("capture", "--hours", hours)
        assert (done.code, done.output) == (2, b"")
        assert done.messages[-1] == (
            "tlsaudit: hours: a number above 0 and up to 8,784, which is a year"
        )


def test_a_capture_is_checked_for_what_limits_it() -> None:
    done = run("capture", "--check", "snap-length-cut.pcap")
    assert (done.code, done.messages) == (1, [])
    marks = {line.split()[1]: line.split()[0] for line in done.lines if "snap-length" in line}
    assert marks["whole-frames"] == marks["time"] == "limited"
    assert marks["directions"] == marks["end"] == "good"
    assert any(line.startswith("whole-frames: ") and "-s 0" in line for line in done.lines)


def test_what_is_no_capture_cannot_be_checked() -> None:
    done = run("capture", "--check", "README.md")
    assert (done.code, done.output) == (2, b"")
    assert len(done.messages) == 1

"""Events of Schannel as Windows writes them in XML, in both generations.

Names and order of the fields are those of the manifests: from Windows 11 21H2 and Windows Server
2022 on, the caller's process stands in front, and not in 36880.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

_SCHEMA = "http://schemas.microsoft.com/win/2004/08/events/event"
_GUID = "{1F678132-5938-4686-9FDC-C8FF68F15C85}"


def event(
    event_id: int,
    time: str,
    *,
    computer: str = "PC7.corp.example.test",
    record: int = 1,
    caller: tuple[int, str] | None = None,
    provider: str = "Schannel",
    **fields: object,
) -> str:
    """One event; `caller` is the process, which only the newer generation names."""
    data: list[tuple[str, object]] = []
    if caller is not None:
        data += [("CallerProcessId", caller[0]), ("CallerProcessImageName", caller[1])]
    data += fields.items()
    content = "".join(
        f"<Data Name={quoteattr(name)}>{escape(str(value))}</Data>" for name, value in data
    )
    return (
        f"<Event xmlns='{_SCHEMA}'><System><Provider Name={quoteattr(provider)} Guid='{_GUID}'/>"
        f"<EventID>{event_id}</EventID><Version>0</Version><Level>2</Level><Task>0</Task>"
        f"<Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>"
        f"<TimeCreated SystemTime='{time}'/><EventRecordID>{record}</EventRecordID><Correlation/>"
        f"<Execution ProcessID='616' ThreadID='3016'/><Channel>System</Channel>"
        f"<Computer>{escape(computer)}</Computer><Security UserID='S-1-5-18'/></System>"
        f"<EventData>{content}</EventData></Event>"
    )


def completed(time: str, version: str, suite: int, target: str, side: str = "client", **more):
    """36880: never with a caller."""
    return event(
        36880,
        time,
        Type=side,
        Protocol=version,
        CipherSuite=f"0x{suite:x}",
        ExchangeStrength="384 bits",
        ContextHandle="0x2a5f1c70b10",
        TargetName=target,
        LocalCertSubjectName="",
        RemoteCertSubjectName=f"CN={target}" if target else "",
        **more,
    )


def of_windows_7(time: str, alert: int, state: int) -> str:
    """36888 as Windows 7 and Server 2008 R2 log it: in UserData, without a target."""
    return event(36888, time).replace(
        "<EventData></EventData>",
        "<UserData><EventXML xmlns:auto-ns3='http://schemas.microsoft.com/win/2004/08/events' "
        f"xmlns='LSA_NS'><AlertDesc>{alert}</AlertDesc><ErrorState>{state}</ErrorState>"
        "</EventXML></UserData>",
    )


def lines(events: Iterable[str]) -> str:
    """What `wevtutil qe … /f:xml` prints: an event a line, and no root."""
    return "".join(f"{each}\r\n" for each in events)

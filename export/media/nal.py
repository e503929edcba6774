"""Pure. Look into H.264 and HEVC units as far as a copy depends on them.

ITU-T H.264 7.3, ITU-T H.265 7.3, ISO/IEC 14496-15 (avcC, hvcC).
"""

from collections.abc import Iterator

ONVIF = bytes.fromhex("005bc93f2d715e95ada4796f90877a6f")
AXIS = bytes.fromhex("5369676e656420566964656f2e2e2e30")
SIGNATURES = {"ONVIF Media Signing": ONVIF, "Axis signed video": AXIS}
"""UUIDs of user data SEI messages. No byte of them is ever escaped, so they are found as such."""

_PPS = 8
_REMARKS = {"h264": frozenset({6, 9, 12}), "hevc": frozenset({35, 38, 39, 40})}
"""SEI, access unit delimiters and filler: units that change no picture."""
_AVCC_SETS, _HVCC_LENGTH = 5, 21


def has_slice_groups(extradata: bytes) -> bool:
    """Say whether a picture parameter set uses slice groups (FMO), which browsers cannot play."""
    return any(_slice_groups(nal) for nal in _sets(extradata) if nal and nal[0] & 31 == _PPS)


def length_size(codec: str, extradata: bytes) -> int:
    """Return how many bytes give each unit's length in a packet; 0 where start codes divide."""
    if extradata[:1] != b"\x01":
        return 0
    at = 4 if codec == "h264" else _HVCC_LENGTH
    return (extradata[at] & 3) + 1 if len(extradata) > at else 0


def is_only_remarks(packet: bytes, codec: str, prefix: int) -> bool:
    """Say whether a packet holds no picture: only SEI and the like, as signing cameras add.

    A strict decoder calls such a packet an error. It is none.
    """
    harmless = _REMARKS.get(codec)
    if harmless is None or not packet:
        return False
    kinds = [_kind(unit, codec) for unit in _units(packet, prefix) if unit]
    return bool(kinds) and harmless.issuperset(kinds)


def _kind(unit: bytes, codec: str) -> int:
    return unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63


def _units(packet: bytes, prefix: int) -> Iterator[bytes]:
    if not prefix:
        yield from _annex_b(packet)
        return
    at = 0
    while at + prefix < len(packet):
        length = int.from_bytes(packet[at : at + prefix], "big")
        at += prefix
        yield packet[at : at + 1]  # the first byte names the kind
        at += length


def _annex_b(data: bytes) -> Iterator[bytes]:
    for unit in data.split(b"\x00\x00\x01"):
        yield unit.rstrip(b"\x00")


def _sets(extradata: bytes) -> Iterator[bytes]:
    """Yield the parameter sets of an avcC record or of an Annex B stream."""
    if extradata[:1] != b"\x01":
        yield from _annex_b(extradata)
        return
    at = _AVCC_SETS
    for mask in (31, 255):  # sequence parameter sets, then picture parameter sets
        if at >= len(extradata):
            return
        count = extradata[at] & mask
        at += 1
        for _ in range(count):
            length = int.from_bytes(extradata[at : at + 2], "big")
            yield extradata[at + 2 : at + 2 + length]
            at += 2 + length


def _slice_groups(nal: bytes) -> bool:
    payload = nal[1:].replace(b"\x00\x00\x03", b"\x00\x00")
    bits = "".join(f"{byte:08b}" for byte in payload[:16])
    at = 0
    for _ in range(2):  # pic_parameter_set_id, seq_parameter_set_id: ue(v)
        zeros = len(bits[at:]) - len(bits[at:].lstrip("0"))
        at += 2 * zeros + 1
    at += 2  # entropy_coding_mode_flag, bottom_field_pic_order_in_frame_present_flag
    return bits[at : at + 1] == "0"  # num_slice_groups_minus1 is 0 when its first bit is 1

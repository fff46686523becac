"""An MP4 file with a short H.264 film, without sound.

The film is made of uncompressed macroblocks (I_PCM): the first frame has only these, and in
each later one a few change while the rest is skipped. That is a small part of H.264 that every
decoder knows. Sections are those of ITU-T H.264 (08/2021).
"""

from __future__ import annotations

from decamp_tiktok.sandbox.media.bits import Bits
from decamp_tiktok.sandbox.media.container import Track, movie
from decamp_tiktok.sandbox.media.mosaic import Colour, mosaic

__all__ = ["mp4"]

_MACROBLOCK = 16  # pixels
_FRAME_NUMBER_BITS = 8
_FRAMES_PER_SECOND = 12
_CHANGES_PER_FRAME = 2
_I_PCM = 25
_I_PCM_IN_P_SLICE = 5 + _I_PCM  # table 7-13: after the five types of its own


def mp4(seed: int, *, columns: int = 6, rows: int = 8, frames: int = 18) -> bytes:
    """Make a film of tiles that change their places.

    Args:
        columns: Width in macroblocks of 16 pixels.
        rows: Height in macroblocks.
        frames: Length, at 12 frames per second; at most 256.
    """
    tiles = [tile for line in mosaic(seed, columns, rows) for tile in line]
    parameters = _sequence_parameters(columns, rows), _picture_parameters()
    samples = [_sample(_first_frame(tiles))]
    samples += [_sample(_next_frame(tiles, seed, number)) for number in range(1, frames)]
    return movie(
        Track(
            width=columns * _MACROBLOCK,
            height=rows * _MACROBLOCK,
            parameters=parameters,
            samples=samples,
            samples_per_second=_FRAMES_PER_SECOND,
        )
    )


def _sequence_parameters(columns: int, rows: int) -> bytes:
    bits = Bits()
    bits.put(0x67, 8)  # nal_unit_header: type 7
    bits.put(66, 8)  # Baseline profile
    bits.put(0b11000000, 8)  # also fits Main; section A.2
    bits.put(30, 8)  # level 3
    bits.put_golomb(0)  # seq_parameter_set_id
    bits.put_golomb(_FRAME_NUMBER_BITS - 4)
    bits.put_golomb(2)  # pic_order_cnt_type: output order is decoding order
    bits.put_golomb(1)  # max_num_ref_frames
    bits.put(0, 1)  # no gaps in frame numbers
    bits.put_golomb(columns - 1)
    bits.put_golomb(rows - 1)
    bits.put(1, 1)  # frames, not fields
    bits.put(1, 1)  # direct_8x8_inference
    bits.put(0, 1)  # no cropping
    bits.put(0, 1)  # no VUI
    return _unit(bits)


def _picture_parameters() -> bytes:
    bits = Bits()
    bits.put(0x68, 8)  # nal_unit_header: type 8
    bits.put_golomb(0)  # pic_parameter_set_id
    bits.put_golomb(0)  # seq_parameter_set_id
    bits.put(0, 1)  # CAVLC
    bits.put(0, 1)  # no field order
    bits.put_golomb(0)  # one slice group
    bits.put_golomb(0)  # one reference for P
    bits.put_golomb(0)  # one reference for B
    bits.put(0, 1)  # no weighted prediction
    bits.put(0, 2)
    bits.put_golomb(0)  # QP 26
    bits.put_golomb(0)
    bits.put_golomb(0)
    bits.put(1, 1)  # deblocking is controlled per slice
    bits.put(0, 1)
    bits.put(0, 1)  # no redundant pictures
    return _unit(bits)


def _slice_header(number: int) -> Bits:
    first = number == 0
    bits = Bits()
    bits.put(0x65 if first else 0x61, 8)  # nal_unit_header: IDR slice, or another one
    bits.put_golomb(0)  # first_mb_in_slice
    bits.put_golomb(7 if first else 5)  # all slices are I, or P
    bits.put_golomb(0)  # pic_parameter_set_id
    bits.put(number, _FRAME_NUMBER_BITS)
    if first:
        bits.put_golomb(0)  # idr_pic_id
        bits.put(0, 2)  # dec_ref_pic_marking
    else:
        bits.put(0, 1)  # as many references as the picture parameters say
        bits.put(0, 1)  # in their order
        bits.put(0, 1)  # sliding window
    bits.put_golomb(0)  # slice_qp_delta
    bits.put_golomb(1)  # no deblocking, so that the samples stay as they are
    return bits


def _first_frame(tiles: list[Colour]) -> bytes:
    bits = _slice_header(0)
    for tile in tiles:
        bits.put_golomb(_I_PCM)
        _put_samples(bits, tile)
    return _unit(bits)


def _next_frame(tiles: list[Colour], seed: int, number: int) -> bytes:
    """Make the frame after this one, in which a few tiles have moved by some places."""
    step = max(1, len(tiles) // _CHANGES_PER_FRAME)
    changed = {(seed + 5 * number + step * part) % len(tiles) for part in range(_CHANGES_PER_FRAME)}
    bits = _slice_header(number)
    skipped = 0
    for position in range(len(tiles)):
        if position not in changed:
            skipped += 1
            continue
        tiles[position] = tiles[(position + number) % len(tiles)]
        bits.put_golomb(skipped)
        bits.put_golomb(_I_PCM_IN_P_SLICE)
        _put_samples(bits, tiles[position])
        skipped = 0
    if skipped:
        bits.put_golomb(skipped)
    return _unit(bits)


def _put_samples(bits: Bits, tile: Colour) -> None:
    """Add the samples of a macroblock in 4:2:0: 256 of Y, 64 each of Cb and Cr."""
    bits.fill(0)
    for sample, count in zip(tile, (256, 64, 64), strict=True):
        bits.put(int.from_bytes(bytes([sample]) * count, "big"), 8 * count)


def _unit(bits: Bits) -> bytes:
    """Close a NAL unit: stop bit, then section 7.3.1's guard against false start codes."""
    bits.put(1, 1)
    bits.fill(0)
    guarded = bytearray()
    zeros = 0
    for byte in bits.to_bytes():
        if zeros >= 2 and byte <= 3:
            guarded.append(3)
            zeros = 0
        guarded.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(guarded)


def _sample(unit: bytes) -> bytes:
    return len(unit).to_bytes(4, "big") + unit

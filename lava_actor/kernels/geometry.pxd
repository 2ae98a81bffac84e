# cython: language_level=3
"""The geometry of a convolution, as its loop takes it."""

from libc.stdint cimport int32_t

from lava_actor.kernels.loops cimport la_conv


cdef inline Py_ssize_t take_geometry(
    tuple geometry, Py_ssize_t n_in, Py_ssize_t n_out, la_conv *g
) except -1:
    """Check a geometry, so that the loop stays within its arrays; returns the kernel's size."""
    cdef int32_t in_x
    (in_x, g.in_y, g.in_c, g.out_x, g.out_y, g.out_c, g.kernel_x, g.kernel_y, g.pad_x, g.pad_y,
     g.stride_x, g.stride_y, g.dilation_x, g.dilation_y, g.groups) = geometry
    if min(geometry[:8]) < 1 or geometry[9] < 0 or min(geometry[10:]) < 1:
        raise ValueError(f"geometry: expected positive sizes, got {geometry}")
    # Python's integers: products of 32-bit numbers can exceed 64 bits
    sizes = (
        geometry[0] * geometry[1] * geometry[2],
        geometry[3] * geometry[4] * geometry[5],
        geometry[2] * geometry[5] * geometry[6] * geometry[7],
    )
    if max(sizes) >= 1 << 62:
        raise ValueError(f"geometry: too large: {geometry}")
    if g.in_c % g.groups or g.out_c % g.groups:
        raise ValueError(f"geometry: channels {g.in_c}, {g.out_c} not divisible by {g.groups} groups")
    if n_in >= 0 and n_in != sizes[0]:
        raise ValueError(f"geometry: expected an input of {n_in} elements, got {geometry[:3]}")
    if n_out != sizes[1]:
        raise TypeError(f"out: expected {geometry[3:6]} elements, got {n_out}")
    return sizes[2] // g.groups

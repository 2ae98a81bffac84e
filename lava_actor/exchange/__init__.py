"""Networks from and for other simulators: NIR graphs, and the HDF5 networks of netx.

Needs the extra `nir`.
"""

from lava_actor.exchange.graph import Network
from lava_actor.exchange.netx import read_netx
from lava_actor.exchange.nir_reader import read_nir
from lava_actor.exchange.nir_writer import write_nir

__all__ = ["Network", "read_nir", "write_nir", "read_netx"]
